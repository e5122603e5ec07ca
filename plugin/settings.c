/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <flowtwin/error.h>

#include "compat.h"

#include <string.h>

/* Words that a value is one of, in the order of their enum; NULL at the end. */
typedef const char *(*Words)(size_t index);

static const char *learn_name(size_t index)
{
    static const char *const names[] = {
        [TWIN_LEARN_AUTO] = "auto",
        [TWIN_LEARN_FILTER] = "filter",
        [TWIN_LEARN_CAPTURE] = "capture",
    };
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}

static const char *open_name(size_t index)
{
    static const char *const names[] = {
        [TWIN_OPENING_HERE] = "here",
        [TWIN_OPENING_NEW_WINDOW] = "window",
        [TWIN_OPENING_NONE] = "none",
    };
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}

static const char *switch_name(size_t index)
{
    static const char *const names[] = {"FALSE", "TRUE"};
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}

typedef enum {
    SETTING_OUTPUT,
    SETTING_OVERWRITE,
    SETTING_FLOWS,
    SETTING_SEED,
    SETTING_LEARN,
    SETTING_PRESET,
    SETTING_MODEL,
    SETTING_ADDRESSES,
    SETTING_PAYLOAD,
    SETTING_FIRST_PACKET,
    SETTING_LABELS,
    SETTING_OPEN,
    N_SETTINGS,
} Setting;

/* A preference. Its text follows from the words or the bounds. */
static const struct {
    const char *name;
    const char *title;
    const char *text;
    const char *fallback; /* what it is unless somebody says otherwise */
    Words words;          /* NULL: any text */
    uint64_t least, most; /* of a whole number; most 0: it is none */
    bool is_output;       /* a file to write */
} setting_table[N_SETTINGS] = {
    [SETTING_OUTPUT] = {"output", "Output",
                        "Where -z flowtwin,synthesize writes the new capture; a name that ends in "
                        ".pcapng makes it say that it is synthetic",
                        "", NULL, 0, 0, true},
    [SETTING_OVERWRITE] = {"overwrite", "Overwrite", "Whether existing outputs are replaced",
                           "FALSE", switch_name, 0, 0, false},
    [SETTING_FLOWS] = {"flows", "Flows", "How many flows are made; empty: as many as are imitated",
                       "", NULL, 1, G_MAXUINT32 - 1, false},
    [SETTING_SEED] = {"seed", "Seed", "Same seed, same bytes", "1", NULL, 0, G_MAXUINT64, false},
    [SETTING_LEARN] = {"learn", "Learn from",
                       "What is learned from where a filter names flows: these (filter), all "
                       "(capture), or these where they are enough, else all (auto)",
                       "auto", learn_name, 0, 0, false},
    [SETTING_PRESET] = {"preset", "Preset", "Design of the model; empty: the default", "",
                        twin_preset_name, 0, 0, false},
    [SETTING_MODEL] =
        {"model", "Model",
         "A model file of flowtwin learn to use instead of learning one; empty: learn", "", NULL, 0,
         0, false},
    [SETTING_ADDRESSES] = {"addresses", "Addresses",
                           "Whether addresses are kept or mapped to documentation addresses",
                           "keep", twin_addresses_name, 0, 0, false},
    [SETTING_PAYLOAD] = {"payload", "Payload", "What packets carry behind their TCP header", "none",
                         twin_payload_name, 0, 0, false},
    [SETTING_FIRST_PACKET] = {"first_packet", "First packet",
                              "Whether a flow's first packet is drawn from the network or taken "
                              "from the flow that is imitated",
                              "network", twin_first_packet_name, 0, 0, false},
    [SETTING_LABELS] =
        {"labels", "Table of labels",
         "Where a table of the new flows and their labels is written; empty: nowhere", "", NULL, 0,
         0, true},
    [SETTING_OPEN] = {"open", "Open",
                      "Where Wireshark opens what it has written: in this window, in a new window, "
                      "or not at all",
                      "here", open_name, 0, 0, false},
};

/* Wireshark writes what the user says here. */
static const char *values[N_SETTINGS]; // NOLINT(*-avoid-non-const-global-variables)

/* The words for people: "auto, filter or capture". (transfer full) */
static char *list_of(Words words)
{
    GString *list = g_string_new(words(0));
    for (size_t w = 1; words(w) != NULL; w++) {
        g_string_append_printf(list, "%s%s", words(w + 1) != NULL ? ", " : " or ", words(w));
    }
    return g_string_free(list, FALSE);
}

void twin_settings_register(int protocol)
{
    module_t *module = prefs_register_protocol(protocol, NULL);
    for (unsigned s = 0; s < N_SETTINGS; s++) {
        g_autofree char *list =
            setting_table[s].words != NULL ? list_of(setting_table[s].words) : NULL;
        const char *text = list == NULL ? setting_table[s].text
                                        : g_strdup_printf("%s: %s", setting_table[s].text, list);
        values[s] = setting_table[s].fallback;
        if (setting_table[s].is_output || s == SETTING_MODEL) {
            prefs_register_filename_preference(module, setting_table[s].name,
                                               setting_table[s].title, text, &values[s],
                                               setting_table[s].is_output);
        } else {
            prefs_register_string_preference(module, setting_table[s].name, setting_table[s].title,
                                             text, &values[s]);
        }
    }
}

/* What the user says, NULL where that is nothing. */
static const char *text_of(Setting setting)
{
    const char *text = values[setting];
    return text != NULL && *text != '\0' ? text : NULL;
}

static bool refuse(Setting setting, const char *wanted, GError **error)
{
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT, "-o flowtwin.%s:%s: %s is wanted",
                setting_table[setting].name, values[setting], wanted);
    return false;
}

static bool read_number(Setting setting, uint64_t fallback, uint64_t *number_out, GError **error)
{
    const char *text = text_of(setting);
    guint64 number = fallback;
    const uint64_t least = setting_table[setting].least;
    const uint64_t most = setting_table[setting].most;
    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, least, most, &number, NULL)) {
        g_autofree char *wanted = g_strdup_printf(
            "a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, least, most);
        return refuse(setting, wanted, error);
    }
    *number_out = number;
    return true;
}

/* Letters' case is no matter: Wireshark's own TRUE is true as well. */
static bool read_word(Setting setting, unsigned *index_out, GError **error)
{
    const char *text = text_of(setting);
    const Words words = setting_table[setting].words;
    *index_out = 0;
    while (text != NULL && words(*index_out) != NULL &&
           g_ascii_strcasecmp(words(*index_out), text) != 0) {
        ++*index_out;
    }
    if (words(*index_out) != NULL) {
        return true;
    }
    g_autofree char *list = list_of(words);
    return refuse(setting, list, error);
}

static bool read_words(TwinSettings *settings, GError **error)
{
    unsigned index[N_SETTINGS] = {0};
    for (unsigned s = 0; s < N_SETTINGS; s++) {
        if (setting_table[s].words != NULL && !read_word((Setting)s, &index[s], error)) {
            return false;
        }
    }
    settings->may_exist = index[SETTING_OVERWRITE] != 0;
    settings->addresses = (TwinAddresses)index[SETTING_ADDRESSES];
    settings->payload = (TwinPayload)index[SETTING_PAYLOAD];
    settings->first_packet = (TwinFirstPacket)index[SETTING_FIRST_PACKET];
    settings->learn_from = (TwinLearnFrom)index[SETTING_LEARN];
    settings->opening = (TwinOpening)index[SETTING_OPEN];
    if (text_of(SETTING_PRESET) != NULL) {
        settings->preset = twin_preset_name(index[SETTING_PRESET]);
    }
    return true;
}

bool twin_settings_look(TwinSettings *settings_out, GError **error)
{
    *settings_out = (TwinSettings){
        .output = text_of(SETTING_OUTPUT),
        .labels = text_of(SETTING_LABELS),
        .model = text_of(SETTING_MODEL),
    };
    return read_number(SETTING_FLOWS, 0, &settings_out->n_flows, error) &&
           read_number(SETTING_SEED, 1, &settings_out->seed, error) &&
           read_words(settings_out, error);
}

bool twin_settings_read(TwinSettings *settings_out, GError **error)
{
    if (!twin_settings_look(settings_out, error)) {
        return false;
    }
    if (settings_out->output == NULL) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "no output is named; say where to write: -o flowtwin.output:FILE");
        return false;
    }
    if (settings_out->model != NULL &&
        (settings_out->preset != NULL || settings_out->learn_from != TWIN_LEARN_AUTO)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "-o flowtwin.model:%s leaves nothing to learn; take flowtwin.%s away",
                    settings_out->model, settings_out->preset != NULL ? "preset" : "learn");
        return false;
    }
    return true;
}
