/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/blindtest.h>
#include <flowtwin/error.h>

#include "eval/blind_agree.h"
#include "eval/blind_disguise.h"
#include "eval/blind_draw.h"
#include "eval/blind_key.h"
#include "eval/blind_mark.h"
#include "eval/blind_sheet.h"
#include "small.h"

#include <math.h>
#include <string.h>

/* Of tests/reference/blind_statsmodels.py. */
enum { FLOWS = 120, ANNOTATORS = 5, GRADES = 4, SIDES = 2 };

static char **read_lines(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "reference", name, NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_strsplit(g_strchomp(text), "\n", -1);
}

/* How the first @n annotators graded each flow, and how the pair (a, b) did. */
static double kappa_of(const char *kind, size_t n_grades, unsigned n, const unsigned pair[2])
{
    g_auto(GStrv) lines = read_lines("blind_grades.tsv");
    uint32_t all[FLOWS * GRADES] = {0};
    uint32_t both[GRADES * GRADES] = {0};
    for (size_t f = 0; f < FLOWS; f++) {
        g_auto(GStrv) cells = g_strsplit(lines[f], "\t", -1);
        size_t grades[ANNOTATORS];
        for (unsigned a = 0; a < ANNOTATORS; a++) {
            grades[a] = (size_t)(cells[a][0] - '0') / (GRADES / n_grades);
            all[f * n_grades + grades[a]] += a < n ? 1 : 0;
        }
        both[grades[pair[0]] * n_grades + grades[pair[1]]]++;
    }
    return strcmp(kind, "fleiss") == 0 ? twin_kappa_fleiss(all, FLOWS, n_grades)
                                       : twin_kappa_cohen(both, n_grades);
}

static double ours(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "_", -1);
    const size_t first = strtoul(parts[2], NULL, 10);
    const size_t second = parts[3] != NULL ? strtoul(parts[3], NULL, 10) : 0;
    if (strcmp(parts[0], "wilson") == 0) {
        double low = 0;
        double high = 0;
        twin_wilson(first, second, &low, &high);
        return strcmp(parts[1], "low") == 0 ? low : high;
    }
    const size_t n_grades = strcmp(parts[1], "sides") == 0 ? SIDES : GRADES;
    const unsigned pair[2] = {strcmp(parts[0], "cohen") == 0 ? (unsigned)first : 0,
                              (unsigned)second};
    return kappa_of(parts[0], n_grades, (unsigned)first, pair);
}

static void test_agreement_is_that_of_statsmodels_and_scikit_learn(void)
{
    g_auto(GStrv) lines = read_lines("blind_statsmodels.tsv");
    g_assert_cmpuint(g_strv_length(lines), ==, 2 * (10 + 4) + 2 * 7);
    for (size_t l = 0; lines[l] != NULL; l++) {
        g_auto(GStrv) cells = g_strsplit(lines[l], "\t", 2);
        const double wanted = g_ascii_strtod(cells[1], NULL);
        if (fabs(ours(cells[0]) - wanted) > 1e-12) {
            g_error("%s: %.15g, not %.15g", cells[0], ours(cells[0]), wanted);
        }
    }
}

static void test_no_agreement_is_made_up(void)
{
    static const uint32_t none[GRADES * GRADES] = {0};
    static const uint32_t one_grade[] = {7, 0, 0, 0};
    static const uint32_t unanimous[] = {3, 0, 3, 0};
    double low = 0;
    double high = 0;
    g_assert_true(isnan(twin_kappa_cohen(none, GRADES)));
    g_assert_true(isnan(twin_kappa_cohen(one_grade, 2)));
    g_assert_true(isnan(twin_kappa_fleiss(none, 0, GRADES)));
    g_assert_true(isnan(twin_kappa_fleiss(unanimous, 2, 2)));
    twin_wilson(0, 0, &low, &high);
    g_assert_true(isnan(low) && isnan(high));
}

static void test_a_mark_is_read_back_and_nothing_else_is(void)
{
    static const char *const bad[] = {
        "",
        "flowtwin:synthetic label=HTTP",
        "flowtwin:blindtest 0123456789abcdef flow 0 of 200",
        "flowtwin:blindtest 0123456789abcdef flow 201 of 200",
        "flowtwin:blindtest 0123456789abcdef flow 17 of 100001",
        "flowtwin:blindtest 0123456789abcdef flow 17 of 4294967312",
        "flowtwin:blindtest 0123456789abcdeF flow 17 of 200",
        "flowtwin:blindtest 0123456789abcdef flow 17 of 200 real",
        "flowtwin:blindtest 0123456789abcdef flow  of 200",
        "flowtwin:blindtest 0123456789abcdef",
        "flowtwin:blindtest 01234",
    };
    const TwinBlindMark mark = {.study = "0123456789abcdef", .flow = 17, .n_flows = 200};
    g_autofree char *text = twin_blind_mark_text(&mark);
    TwinBlindMark read;
    g_assert_true(twin_blind_mark_parse(text, strlen(text), &read));
    g_assert_cmpstr(read.study, ==, mark.study);
    g_assert_cmpuint(read.flow, ==, 17);
    g_assert_cmpuint(read.n_flows, ==, 200);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(twin_blind_mark_parse(bad[i], strlen(bad[i]), &read));
    }
    for (size_t n = 0; n < strlen(text) - 2; n++) { /* a flow of 2, of 20 are marks as well */
        g_assert_false(twin_blind_mark_parse(text, n, &read));
    }
}

/* ---- keys ---- */

static TwinBlindKey *some_key(size_t n_flows)
{
    TwinBlindKey *key = twin_blind_key_new(n_flows);
    for (size_t f = 0; f < n_flows; f++) {
        key->truths[f] = (TwinBlindTruth){
            .is_generated = f % 3 == 0,
            .source_flow = (uint32_t)(1000 + f),
            .service = g_strdup(f % 2 == 0 ? "HTTP" : "other"),
        };
    }
    return key;
}

static void test_a_key_is_opened_by_its_passphrase_alone(void)
{
    static const char *const passphrases[] = {NULL, "correct horse", "correct horsf"};
    for (size_t made = 0; made < G_N_ELEMENTS(passphrases); made++) {
        g_autoptr(TwinBlindKey) key = some_key(100);
        g_autofree char *text = twin_blind_key_seal(key, 7, passphrases[made]);
        g_assert_null(strstr(text, "real"));
        g_assert_null(strstr(text, "HTTP"));
        for (size_t tried = 0; tried < G_N_ELEMENTS(passphrases); tried++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(TwinBlindKey) opened = twin_blind_key_open(text, passphrases[tried], &error);
            if (tried != made) {
                g_assert_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT);
                continue;
            }
            g_assert_no_error(error);
            g_assert_cmpuint(opened->n_flows, ==, 100);
            g_assert_cmpstr(opened->study, ==, key->study);
            for (size_t f = 0; f < opened->n_flows; f++) {
                g_assert_true(opened->truths[f].is_generated == key->truths[f].is_generated);
                g_assert_cmpuint(opened->truths[f].source_flow, ==, 1000 + f);
                g_assert_cmpstr(opened->truths[f].service, ==, key->truths[f].service);
            }
        }
    }
}

/* Every byte of it: whatever is changed, the seal is broken or it is no key. */
static void test_a_changed_key_is_refused(void)
{
    g_autoptr(TwinBlindKey) key = some_key(4);
    g_autofree char *text = twin_blind_key_seal(key, 7, NULL);
    for (size_t b = 0; text[b] != '\0'; b++) {
        const char kept = text[b];
        text[b] = (char)(kept == 'A' ? 'B' : kept == '\n' || kept == '\t' ? ' ' : 'A');
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinBlindKey) opened = twin_blind_key_open(text, NULL, &error);
        g_assert_null(opened);
        g_assert_nonnull(error);
        text[b] = kept;
    }
}

static void test_what_a_key_hides_is_part_of_its_name(void)
{
    g_autoptr(TwinBlindKey) one = some_key(10);
    g_autoptr(TwinBlindKey) other = some_key(10);
    other->truths[9].is_generated = !other->truths[9].is_generated;
    char *texts[] = {twin_blind_key_seal(one, 7, NULL), twin_blind_key_seal(other, 7, NULL)};
    g_assert_cmpstr(one->study, !=, other->study);
    g_free(texts[1]);
    texts[1] = twin_blind_key_seal(one, 8, NULL);
    g_assert_cmpstr(texts[0], !=, texts[1]);
    g_free(texts[1]);
    texts[1] = twin_blind_key_seal(one, 7, NULL);
    g_assert_cmpstr(texts[0], ==, texts[1]);
    g_free(texts[0]);
    g_free(texts[1]);
}

/* ---- sheets ---- */

#define HEAD "# study 0123456789abcdef, 3 flows; half of them are real\n"

static void test_a_sheet_is_read_back(void)
{
    g_autoptr(TwinBlindSheet) sheet = twin_blind_sheet_new("0123456789abcdef", 3);
    g_autoptr(GError) error = NULL;
    twin_blind_sheet_set(sheet, 1, TWIN_GRADE_LIKELY_GENERATED);
    twin_blind_sheet_set(sheet, 3, TWIN_GRADE_REAL);
    twin_blind_sheet_set(sheet, 4, TWIN_GRADE_REAL); /* there is none */
    twin_blind_sheet_set_frame(sheet, 2, 77);
    g_autofree char *text = twin_blind_sheet_text(sheet);
    g_autofree char *cut = g_strdup(text);
    g_autoptr(TwinBlindSheet) read = twin_blind_sheet_of_text(cut, "x.tsv", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_blind_sheet_n_answers(read), ==, 2);
    g_assert_cmpint(twin_blind_sheet_grade(read, 1), ==, TWIN_GRADE_LIKELY_GENERATED);
    g_assert_cmpint(twin_blind_sheet_grade(read, 2), ==, TWIN_GRADE_NONE);
    g_assert_cmpint(twin_blind_sheet_grade(read, 0), ==, TWIN_GRADE_NONE);
    g_autofree char *again = twin_blind_sheet_text(read);
    g_assert_cmpstr(again, ==, text);
}

static void test_what_spreadsheets_make_of_a_sheet_is_read(void)
{
    char text[] = "# study 0123456789abcdef, 3 flows\r\n\r\n"
                  "note\tanswer\tflow\r\n"
                  "\"data after FIN\"\tLikely Real\t2\r\n"
                  "\t\"generated\"\t\"1\"\r\n\r\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinBlindSheet) sheet = twin_blind_sheet_of_text(text, "x.tsv", &error);
    g_assert_no_error(error);
    g_assert_cmpint(twin_blind_sheet_grade(sheet, 2), ==, TWIN_GRADE_LIKELY_REAL);
    g_assert_cmpint(twin_blind_sheet_grade(sheet, 1), ==, TWIN_GRADE_GENERATED);
    g_autofree char *written = twin_blind_sheet_text(sheet);
    g_assert_nonnull(strstr(written, "likely real\tdata after FIN\n"));
}

static void test_a_bad_sheet_is_refused_with_its_line(void)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        {"", "line 1: "},
        {"flow\tanswer\n1\treal\n", "line 1: "},
        {"# study x, 3 flows\n", "line 1: "},
        {"# study 0123456789abcdef, 0 flows\n", "line 1: "},
        {"# study 0123456789abcdef, 100001 flows\n", "line 1: "},
        {HEAD "flow\tgrade\n", "line 2: "},
        {HEAD, "columns flow and answer"},
        {HEAD "flow\tanswer\n4\treal\n", "line 3: \"4\" is no flow from 1 to 3"},
        {HEAD "flow\tanswer\n1\treal\n1\treal\n", "line 4: flow 1 stands here a second time"},
        {HEAD "flow\tanswer\n1\tperhaps\n", "line 3: \"perhaps\" is no answer"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup(rows[i].text);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinBlindSheet) sheet = twin_blind_sheet_of_text(text, "x.tsv", &error);
        g_assert_null(sheet);
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
        g_assert_true(g_str_has_prefix(error->message, "x.tsv: line "));
        g_assert_nonnull(strstr(error->message, rows[i].said));
    }
}

/* ---- drawing and disguising ---- */

static void test_pairs_share_service_and_version(void)
{
    g_autoptr(TwinFlows) real = twin_test_small_flows();
    g_autoptr(TwinFlows) synthetic = twin_test_small_flows();
    g_autoptr(GArray) drawn = g_array_new(FALSE, FALSE, sizeof(TwinBlindDrawn));
    TwinBlindDraw draw = {.sets = {real, synthetic}, .seed = 3, .n_pairs = 1000, .drawn = drawn};
    twin_blind_draw(&draw);
    g_assert_cmpuint(drawn->len, ==, 24); /* all twelve of each */
    int balance[1 << 16] = {0};
    bool is_seen[2][12] = {{false}};
    unsigned n_changes = 0;
    for (guint i = 0; i < drawn->len; i++) {
        const TwinBlindDrawn *row = &g_array_index(drawn, TwinBlindDrawn, i);
        const TwinFlow *flow = twin_flows_flow(draw.sets[row->set], row->flow);
        balance[row->server_port * 10 + flow->ip_version] += row->set == 0 ? 1 : -1;
        g_assert_false(is_seen[row->set][row->flow]);
        is_seen[row->set][row->flow] = true;
        n_changes += i > 0 && row->set != row[-1].set ? 1 : 0;
    }
    for (size_t kind = 0; kind < G_N_ELEMENTS(balance); kind++) {
        g_assert_cmpint(balance[kind], ==, 0);
    }
    g_assert_cmpuint(n_changes, >, 4);  /* shuffled, not one kind after the other, */
    g_assert_cmpuint(n_changes, <, 23); /* nor in turn */
}

static void test_a_disguise_shows_the_number_and_the_packet(void)
{
    static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8};
    static const struct {
        const char *ends[2];
        const char *client; /* what the client of flow 70,000 is called then */
    } rows[] = {{{"192.0.2.7", "203.0.113.9"}, "10.1.17.112"},
                {{"2001:db8:7::1", "2001:db8:8::1"}, "2001:db8::c:1:1170"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const TwinTestPacket packet = {
            .source = rows[i].ends[0],
            .destination = rows[i].ends[1],
            .source_port = 41234,
            .destination_port = 443,
            .flags = 0x18,
            .window = 501,
            .seq = 77,
            .ack = 78,
            .payload_bytes = 1000,
            .ttl = 57,
            .ip_id = 4711,
            .options = options,
            .option_bytes = sizeof options,
        };
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        g_autoptr(TwinDecoder) decoder = twin_decoder_new();
        TwinSegment segment;
        g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==, TWIN_DECODE_SEGMENT);
        TwinDisguised disguised;
        g_assert_true(twin_disguised_take(&segment, &disguised));
        disguised.is_from_client = true;
        const TwinDisguise disguise = {70000, 443};
        const TwinTestPacket wanted = {
            .source = rows[i].client,
            .destination = i == 0 ? "198.18.0.1" : "2001:db8::5",
            .source_port = 60000,
            .destination_port = 443,
            .flags = 0x18,
            .window = 501,
            .seq = 77,
            .ack = 78,
            .payload_bytes = 1000,
            .ttl = 57,
            .ip_id = 4711,
            .options = options,
            .option_bytes = sizeof options,
        };
        uint8_t made_bytes[TWIN_DISGUISED_BYTES];
        uint8_t wanted_bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame made = twin_disguised_write(&disguised, &disguise, made_bytes);
        const TwinFrame right = twin_test_frame(&wanted, wanted_bytes);
        g_assert_cmpmem(made.bytes + 12, made.captured_bytes - 12, right.bytes + 12,
                        right.captured_bytes - 12);
        g_assert_cmpuint(made.original_bytes, ==, right.original_bytes);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blind/agreement-is-that-of-statsmodels-and-scikit-learn",
                    test_agreement_is_that_of_statsmodels_and_scikit_learn);
    g_test_add_func("/blind/no-agreement-is-made-up", test_no_agreement_is_made_up);
    g_test_add_func("/blind/a-mark-is-read-back-and-nothing-else-is",
                    test_a_mark_is_read_back_and_nothing_else_is);
    g_test_add_func("/blind/a-key-is-opened-by-its-passphrase-alone",
                    test_a_key_is_opened_by_its_passphrase_alone);
    g_test_add_func("/blind/a-changed-key-is-refused", test_a_changed_key_is_refused);
    g_test_add_func("/blind/what-a-key-hides-is-part-of-its-name",
                    test_what_a_key_hides_is_part_of_its_name);
    g_test_add_func("/blind/a-sheet-is-read-back", test_a_sheet_is_read_back);
    g_test_add_func("/blind/what-spreadsheets-make-of-a-sheet-is-read",
                    test_what_spreadsheets_make_of_a_sheet_is_read);
    g_test_add_func("/blind/a-bad-sheet-is-refused-with-its-line",
                    test_a_bad_sheet_is_refused_with_its_line);
    g_test_add_func("/blind/pairs-share-service-and-version", test_pairs_share_service_and_version);
    g_test_add_func("/blind/a-disguise-shows-the-number-and-the-packet",
                    test_a_disguise_shows_the_number_and_the_packet);
    return g_test_run();
}
