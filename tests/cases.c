/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cases.h"

#include "flow/connection.h"
#include "packet/tcp.h"

#include <string.h>

/* Numbers that a side has come to, while a case is read. */
typedef struct {
    uint32_t next;
    bool has_sent;
} Reached;

typedef struct {
    TwinCasePacket packet;
    bool has_seq;
    bool has_ack;
} Draft;

static const struct {
    char letter;
    uint16_t flag;
} letters[] = {
    {'S', TWIN_TCP_SYN}, {'A', TWIN_TCP_ACK}, {'F', TWIN_TCP_FIN},
    {'R', TWIN_TCP_RST}, {'P', TWIN_TCP_PSH}, {'U', TWIN_TCP_URG},
    {'E', TWIN_TCP_ECE}, {'C', TWIN_TCP_CWR}, {'N', 0},
};

static uint16_t parse_flags(const char *word)
{
    unsigned flags = strcmp(word, "P") == 0 || strcmp(word, "F") == 0 ? TWIN_TCP_ACK : 0;
    for (const char *at = word; *at != '\0'; at++) {
        size_t row = 0;
        while (row < G_N_ELEMENTS(letters) && letters[row].letter != *at) {
            row++;
        }
        g_assert_cmpuint(row, <, G_N_ELEMENTS(letters));
        flags |= letters[row].flag;
    }
    return (uint16_t)flags;
}

static uint32_t parse_number(const char *text)
{
    char *end = NULL;
    const guint64 number = g_ascii_strtoull(text, &end, 10);
    g_assert_cmpstr(end, ==, "");
    g_assert_cmpuint(number, <=, UINT32_MAX);
    return (uint32_t)number;
}

/* What may stand after direction and flags. */
static void parse_word(const char *word, Draft *draft)
{
    TwinCasePacket *packet = &draft->packet;
    if (g_str_has_prefix(word, "seq=")) {
        packet->seq = parse_number(word + 4);
        draft->has_seq = true;
    } else if (g_str_has_prefix(word, "ack=")) {
        packet->ack = parse_number(word + 4);
        draft->has_ack = true;
    } else if (g_str_has_prefix(word, "win=")) {
        packet->window = (uint16_t)parse_number(word + 4);
    } else if (strcmp(word, "tfo") == 0) {
        packet->has_cookie = true;
    } else if (strcmp(word, "pad") == 0) {
        packet->is_padded = true;
    } else if (!g_str_has_prefix(word, "cut=")) {
        packet->payload_bytes = parse_number(word);
    }
}

static Draft parse_packet(char **words)
{
    Draft draft = {.packet = {.gap_ns = 10000000, .window = 64240}};
    if (**words == '+' || **words == '-') {
        draft.packet.gap_ns = (int64_t)(g_ascii_strtod(*words, NULL) * 1e9);
        words++;
    }
    g_assert_true(strcmp(words[0], ">") == 0 || strcmp(words[0], "<") == 0);
    draft.packet.is_from_b = *words[0] == '<';
    draft.packet.flags = parse_flags(words[1]);
    for (words += 2; *words != NULL; words++) {
        parse_word(*words, &draft);
    }
    return draft;
}

/* Fills in the numbers that the notation left out, and moves the sender on. */
static void number_packet(Draft *draft, Reached reached[2])
{
    TwinCasePacket *packet = &draft->packet;
    Reached *own = &reached[packet->is_from_b ? 1 : 0];
    const Reached *peer = &reached[packet->is_from_b ? 0 : 1];
    const bool has_syn = (packet->flags & TWIN_TCP_SYN) != 0;
    const bool has_fin = (packet->flags & TWIN_TCP_FIN) != 0;
    if (!draft->has_seq) {
        packet->seq = has_syn ? 0 : own->next;
    }
    packet->has_ack_number = draft->has_ack || (packet->flags & TWIN_TCP_ACK) != 0;
    if (packet->has_ack_number && !draft->has_ack) {
        packet->ack = peer->has_sent ? peer->next : 1;
    }
    const uint32_t end =
        packet->seq + (has_syn ? 1 : 0) + packet->payload_bytes + (has_fin ? 1 : 0);
    const bool advances = (packet->flags & TWIN_TCP_RST) == 0;
    if (has_syn || (advances && twin_seq_diff(end, own->next) > 0)) {
        own->next = end;
    }
    own->has_sent = true;
}

static void parse_notation(TwinCase *row, const char *notation)
{
    g_auto(GStrv) parts = g_strsplit(notation, ";", -1);
    g_autofree Draft *drafts = g_new0(Draft, g_strv_length(parts));
    Reached reached[2] = {{.next = 1}, {.next = 1}};
    for (; parts[row->n_packets] != NULL; row->n_packets++) {
        Draft *draft = &drafts[row->n_packets];
        const char *part = g_strstrip(parts[row->n_packets]);
        if (strcmp(part, "dup") == 0) {
            g_assert_cmpuint(row->n_packets, >, 0);
            *draft = *(draft - 1);
            draft->packet.gap_ns = 0;
            draft->has_seq = draft->has_ack = true;
            continue;
        }
        g_auto(GStrv) words = g_strsplit(part, " ", -1);
        *draft = parse_packet(words);
        if ((draft->packet.flags & TWIN_TCP_SYN) != 0) {
            reached[draft->packet.is_from_b ? 1 : 0].next = 0;
        }
    }
    row->packets = g_new(TwinCasePacket, row->n_packets);
    for (size_t i = 0; i < row->n_packets; i++) {
        const bool is_copy = i > 0 && strcmp(parts[i], "dup") == 0;
        if (is_copy) {
            row->packets[i] = row->packets[i - 1];
            row->packets[i].gap_ns = 0;
        } else {
            number_packet(&drafts[i], reached);
            row->packets[i] = drafts[i].packet;
        }
    }
}

static void free_case(void *data)
{
    TwinCase *row = data;
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_free(row->exact[check]);
    }
    g_free(row->literal);
    g_free(row->packets);
    g_free(row->name);
    g_free(row);
}

GPtrArray *twin_cases_load(const char *path)
{
    enum { NAME, NOTATION, EXACT, LITERAL = EXACT + TWIN_N_CHECKS, REMARK, N_COLUMNS };
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *rows = g_ptr_array_new_with_free_func(free_case);
    bool is_header = true;
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] == '#' || lines[i][0] == '\0') {
            continue;
        }
        g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);
        g_assert_cmpuint(g_strv_length(columns), ==, N_COLUMNS);
        if (is_header) {
            is_header = false;
            continue;
        }
        TwinCase *row = g_new0(TwinCase, 1);
        row->name = g_strdup(columns[NAME]);
        parse_notation(row, columns[NOTATION]);
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            row->exact[check] = g_strdup(columns[EXACT + check]);
        }
        row->literal = g_strdup(columns[LITERAL]);
        g_ptr_array_add(rows, row);
    }
    return rows;
}
