/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "flow/labels.h"
#include "frames.h"

#include <string.h>

#define HEADER "client_ip\tclient_port\tserver_ip\tserver_port\tstart_time\tlabel\n"
#define WEB    "10.0.0.1\t4000\t10.0.0.2\t80\t"

static TwinLabels *labels_of(const char *text, GError **error)
{
    return twin_labels_of_text(g_strdup(text), strlen(text), "x.tsv", error);
}

/* A flow from 10.0.0.1:4000 to 10.0.0.2:80, or back. */
static TwinFlow web_flow(int64_t start_ns, bool is_turned)
{
    TwinFlow flow = {.ip_version = 4, .start_ns = start_ns};
    const TwinAddress client = {{10, 0, 0, 1}};
    const TwinAddress server = {{10, 0, 0, 2}};
    flow.addresses[is_turned ? 1 : 0] = client;
    flow.addresses[is_turned ? 0 : 1] = server;
    flow.ports[is_turned ? 1 : 0] = 4000;
    flow.ports[is_turned ? 0 : 1] = 80;
    return flow;
}

static void test_nearest_start_in_either_direction(void)
{
    const char *text = HEADER WEB "100.5\tEARLY\n" WEB "300\tLATE\n"
                                  "10.0.0.2\t80\t10.0.0.1\t4000\t200.000000001\tTURNED\n";
    static const struct {
        int64_t start_ns;
        const char *label;
    } rows[] = {
        {INT64_MIN, "EARLY"},
        {0, "EARLY"},
        {INT64_C(150249999999), "EARLY"},
        {INT64_C(150250000002), "TURNED"},
        {INT64_C(250000000000), "TURNED"},
        {INT64_C(250000000002), "LATE"},
        {INT64_MAX, "LATE"},
    };
    g_autoptr(TwinLabels) labels = labels_of(text, NULL);
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        for (unsigned turned = 0; turned < 2; turned++) {
            const TwinFlow flow = web_flow(rows[r].start_ns, turned == 1);
            g_assert_cmpstr(twin_labels_find(labels, &flow), ==, rows[r].label);
        }
    }
}

/* Everything of the 5-tuple counts. */
static void test_another_tuple_has_no_label(void)
{
    g_autoptr(TwinLabels) labels = labels_of(HEADER WEB "1\tWEB\n", NULL);
    TwinFlow flow = web_flow(1000000000, false);
    g_assert_cmpstr(twin_labels_find(labels, &flow), ==, "WEB");
    flow.ports[0]++;
    g_assert_null(twin_labels_find(labels, &flow));
    flow = web_flow(1000000000, false);
    flow.ports[1]++;
    g_assert_null(twin_labels_find(labels, &flow));
    flow = web_flow(1000000000, false);
    flow.addresses[0].bytes[3]++;
    g_assert_null(twin_labels_find(labels, &flow));
    flow = web_flow(1000000000, false);
    flow.addresses[1].bytes[3]++;
    g_assert_null(twin_labels_find(labels, &flow));
    flow = web_flow(1000000000, false);
    flow.ip_version = 6;
    g_assert_null(twin_labels_find(labels, &flow));
}

static void test_ipv6(void)
{
    g_autoptr(TwinLabels) labels =
        labels_of(HEADER "fd00::2\t4000\tfd00::1\t80\t1\tSIX\n" WEB "1\tFOUR\n", NULL);
    const TwinFlow flow = {
        .ip_version = 6,
        .addresses = {{{0xfd, 0, [15] = 1}}, {{0xfd, 0, [15] = 2}}},
        .ports = {80, 4000},
    };
    g_assert_cmpstr(twin_labels_find(labels, &flow), ==, "SIX");
}

/* What other programs make of the file is still the file. */
static void test_forms(void)
{
    static const char *const texts[] = {
        HEADER WEB "1\tWEB\n",
        HEADER WEB "1\tWEB",                  /* no end of the last line */
        "\xef\xbb\xbf" HEADER WEB "1\tWEB\n", /* a byte order mark */
        "client_ip\tclient_port\tserver_ip\tserver_port\tstart_time\tlabel\r\n" WEB "1\tWEB\r\n",
        HEADER "# a comment\n\n" WEB "1\tWEB\n\n#\n",
        "# a comment before the header\n" HEADER WEB "1\tWEB\n",
        "label\tx\tstart_time\tserver_port\tserver_ip\tclient_port\tclient_ip\ty\n"
        "WEB\t?\t1.0\t80\t10.0.0.2\t4000\t10.0.0.1\tmore\n",
        HEADER WEB "1\tWEB\tand more\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinLabels) labels = labels_of(texts[i], &error);
        g_assert_no_error(error);
        const TwinFlow flow = web_flow(1000000000, false);
        g_assert_cmpstr(twin_labels_find(labels, &flow), ==, "WEB");
    }
}

static void test_times_are_exact(void)
{
    static const struct {
        const char *text;
        int64_t time_ns;
    } rows[] = {
        {"0", 0},
        {"1", 1000000000},
        {"1.5", 1500000000},
        {"1700000000.123456789", INT64_C(1700000000123456789)},
        {"1700000000.1234567891", INT64_C(1700000000123456789)}, /* beyond what is kept */
        {"-1.5", -1500000000},
        {"-0.25", -250000000},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        /* The row wins at its own time against others a nanosecond on either side of it, by half.
         */
        g_autofree char *text =
            g_strdup_printf(HEADER WEB "%s\tHERE\n" WEB "-99999\tBEFORE\n", rows[r].text);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinLabels) labels = labels_of(text, &error);
        g_assert_no_error(error);
        const int64_t before_ns = INT64_C(-99999) * 1000000000;
        const int64_t middle_ns = before_ns + (rows[r].time_ns - before_ns) / 2;
        const TwinFlow early = web_flow(middle_ns - 1, false);
        const TwinFlow late = web_flow(middle_ns + 1, false);
        g_assert_cmpstr(twin_labels_find(labels, &early), ==, "BEFORE");
        g_assert_cmpstr(twin_labels_find(labels, &late), ==, "HERE");
    }
}

static void test_errors_name_line_and_column(void)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "x.tsv: line 1: no column client_ip; *"},
        {"client_ip\n", "x.tsv: line 1: no column client_port; *"},
        {"\n\n", "x.tsv: line 2: no column client_ip; *"},
        {"# a comment\n\nclient_ip\n", "x.tsv: line 3: no column client_port; *"},
        {HEADER "10.0.0\t1\t10.0.0.2\t80\t1\tW\n", "x.tsv: line 2: client_ip cannot be read"},
        {HEADER "10.0.0.1\t1\tfd00::1\t80\t1\tW\n", "x.tsv: line 2: server_ip cannot be read"},
        {HEADER "10.0.0.1\t-1\t10.0.0.2\t80\t1\tW\n", "x.tsv: line 2: client_port cannot be read"},
        {HEADER "10.0.0.1\t1\t10.0.0.2\t65536\t1\tW\n",
         "x.tsv: line 2: server_port cannot be read"},
        {HEADER WEB "\tW\n", "x.tsv: line 2: start_time cannot be read"},
        {HEADER WEB "1,5\tW\n", "x.tsv: line 2: start_time cannot be read"},
        {HEADER WEB "1e9\tW\n", "x.tsv: line 2: start_time cannot be read"},
        {HEADER WEB " 1\tW\n", "x.tsv: line 2: start_time cannot be read"},
        {HEADER WEB "9223372036\tW\n", "x.tsv: line 2: start_time cannot be read"},
        {HEADER WEB "1\t\n", "x.tsv: line 2: label cannot be read"},
        {HEADER WEB "1\n", "x.tsv: line 2: label cannot be read"},
        {HEADER "\n# comment\n" WEB "1\tW\n" WEB "?\tW\n",
         "x.tsv: line 5: start_time cannot be read"},
        {HEADER WEB "1\t\xff\n", "x.tsv: not a label file *"},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinLabels) labels = labels_of(rows[r].text, &error);
        g_assert_null(labels);
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
        if (!g_pattern_match_simple(rows[r].message, error->message)) {
            g_test_message("row %zu: %s", r, error->message);
            g_test_fail();
        }
    }
}

static void test_zero_byte_is_no_text(void)
{
    static const char text[] = HEADER WEB "1\tWEB\n\0";
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinLabels) labels =
        twin_labels_of_text(g_memdup2(text, sizeof text), sizeof text - 1, "x.tsv", &error);
    g_assert_null(labels);
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
}

/* A header alone is a table without rows. */
static void test_no_rows(void)
{
    g_autoptr(TwinLabels) labels = labels_of(HEADER, NULL);
    g_assert_nonnull(labels);
    const TwinFlow flow = web_flow(0, false);
    g_assert_null(twin_labels_find(labels, &flow));
}

static void test_equal_rows_decide_the_same_way(void)
{
    const char *one = HEADER WEB "1\tB\n" WEB "1\tA\n";
    const char *other = HEADER WEB "1\tA\n" WEB "1\tB\n";
    for (int64_t start_ns = 0; start_ns < 2000000000; start_ns += 500000000) {
        g_autoptr(TwinLabels) first = labels_of(one, NULL);
        g_autoptr(TwinLabels) second = labels_of(other, NULL);
        const TwinFlow flow = web_flow(start_ns, false);
        g_assert_cmpstr(twin_labels_find(first, &flow), ==, twin_labels_find(second, &flow));
    }
}

static void test_ports(void)
{
    g_assert_cmpstr(twin_labels_of_port(80), ==, "HTTP");
    g_assert_cmpstr(twin_labels_of_port(20), ==, "FTP-DATA"); /* the table's first */
    g_assert_null(twin_labels_of_port(0));
    g_assert_null(twin_labels_of_port(65535));
    unsigned n_labels = 0;
    for (unsigned port = 0; port <= UINT16_MAX; port++) {
        n_labels += twin_labels_of_port((uint16_t)port) != NULL ? 1 : 0;
    }
    g_assert_cmpuint(n_labels, >, 20);
}

static void test_addresses_are_read_as_they_are_written(void)
{
    static const struct {
        const char *text;
        uint8_t ip_version; /* 0: no address */
    } rows[] = {
        {"0.0.0.0", 4},     {"255.255.255.255", 4}, {"10.0.0.1", 4}, {"::", 6},
        {"2001:db8::1", 6}, {"fe80::1:2", 6},       {"", 0},         {"10.0.0", 0},
        {"10.0.0.256", 0},  {"fd00::1%eth0", 0},    {"[::1]", 0},    {" 10.0.0.1", 0},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        TwinAddress address;
        uint8_t ip_version = 0;
        const bool is_address = twin_address_parse(rows[r].text, &address, &ip_version);
        g_assert_cmpint(is_address, ==, rows[r].ip_version != 0);
        if (is_address) {
            char text[TWIN_ADDRESS_CHARS];
            g_assert_cmpuint(ip_version, ==, rows[r].ip_version);
            g_assert_cmpstr(twin_address_text(&address, ip_version, text), ==, rows[r].text);
        }
    }
}

static void test_a_file_that_is_not_there(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinLabels) labels = twin_labels_open("/nonexistent/x.tsv", &error);
    g_assert_null(labels);
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, "/nonexistent/x.tsv: no such file; check the path");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/labels/nearest-start-in-either-direction",
                    test_nearest_start_in_either_direction);
    g_test_add_func("/labels/another-tuple-has-no-label", test_another_tuple_has_no_label);
    g_test_add_func("/labels/ipv6", test_ipv6);
    g_test_add_func("/labels/forms", test_forms);
    g_test_add_func("/labels/times-are-exact", test_times_are_exact);
    g_test_add_func("/labels/errors-name-line-and-column", test_errors_name_line_and_column);
    g_test_add_func("/labels/zero-byte-is-no-text", test_zero_byte_is_no_text);
    g_test_add_func("/labels/no-rows", test_no_rows);
    g_test_add_func("/labels/equal-rows-decide-the-same-way", test_equal_rows_decide_the_same_way);
    g_test_add_func("/labels/ports", test_ports);
    g_test_add_func("/labels/addresses-are-read-as-written",
                    test_addresses_are_read_as_they_are_written);
    g_test_add_func("/labels/a-file-that-is-not-there", test_a_file_that_is_not_there);
    return g_test_run();
}
