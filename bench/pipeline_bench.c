/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pipeline_bench CAPTURE [RUNS] [PRESET]
 *
 * Times reading, learning and writing on one core against libpcap doing as little as it can with
 * the same packets, in one process, alternating; prints medians and ratios. CAPTURE is a classic
 * pcap that is not compressed. What is written goes to a temporary file in $TMPDIR. */
/* libpcap's headers want BSD type names. */
#define _DEFAULT_SOURCE
#include <flowtwin/flowtwin.h>

#include <glib/gstdio.h>
#include <locale.h>
#include <pcap.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { MAX_RUNS = 99 };

/* What is timed, in order; peers first. */
typedef enum {
    PEER_LOOP, /* pcap_next_ex() over the capture */
    PEER_DUMP, /* the same and pcap_dump() */
    READ,      /* twin_flows_read() and _finish() */
    LEARN,
    SYNTHESISE,
    N_STAGES,
} Stage;

static const char *const stage_names[N_STAGES] = {
    [PEER_LOOP] = "empty libpcap loop",  [PEER_DUMP] = "libpcap loop with pcap_dump",
    [READ] = "read, flows and records",  [LEARN] = "learn",
    [SYNTHESISE] = "generate and write",
};

typedef struct {
    const char *capture;
    const char *preset;
    char *output;
    uint64_t n_packets[N_STAGES];
    double seconds[N_STAGES][MAX_RUNS];
    unsigned n_runs;
} Bench;

static void give_up(const GError *error)
{
    g_printerr("pipeline_bench: %s\n", error->message);
    exit(1);
}

static uint64_t loop(const char *path, const char *output)
{
    char message[PCAP_ERRBUF_SIZE];
    pcap_t *capture =
        pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, message);
    if (capture == NULL) {
        g_printerr("pipeline_bench: %s\n", message);
        exit(1);
    }
    pcap_dumper_t *dumper = output != NULL ? pcap_dump_open(capture, output) : NULL;
    struct pcap_pkthdr *header = NULL;
    const u_char *bytes = NULL;
    uint64_t n_packets = 0;
    while (pcap_next_ex(capture, &header, &bytes) == 1) {
        n_packets++;
        if (dumper != NULL) {
            pcap_dump((u_char *)dumper, header, bytes);
        }
    }
    if (dumper != NULL) {
        pcap_dump_close(dumper);
    }
    pcap_close(capture);
    return n_packets;
}

static TwinFlows *read_flows(const char *path)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    TwinFlows *flows = twin_flows_new(&options);
    GError *error = NULL;
    if (!twin_flows_read(flows, &path, 1, NULL, &error) || !twin_flows_finish(flows, &error)) {
        give_up(error);
    }
    return flows;
}

static TwinModel *learn(const TwinFlows *flows, const char *preset)
{
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = preset;
    GError *error = NULL;
    TwinModel *model = twin_model_learn(flows, &options, &error);
    if (model == NULL) {
        give_up(error);
    }
    return model;
}

static uint64_t synthesise(const TwinModel *model, const char *output)
{
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    options.output = output;
    options.may_exist = true;
    TwinSynthesiseResult result;
    GError *error = NULL;
    if (!twin_synthesise(model, &options, &result, &error)) {
        give_up(error);
    }
    return result.n_packets;
}

static double since(int64_t began_us)
{
    return (double)(g_get_monotonic_time() - began_us) / 1e6;
}

static void run_once(Bench *bench)
{
    const unsigned run = bench->n_runs++;
    int64_t began_us = g_get_monotonic_time();
    bench->n_packets[PEER_LOOP] = loop(bench->capture, NULL);
    bench->seconds[PEER_LOOP][run] = since(began_us);

    began_us = g_get_monotonic_time();
    bench->n_packets[PEER_DUMP] = loop(bench->capture, bench->output);
    bench->seconds[PEER_DUMP][run] = since(began_us);

    began_us = g_get_monotonic_time();
    g_autoptr(TwinFlows) flows = read_flows(bench->capture);
    bench->seconds[READ][run] = since(began_us);
    bench->n_packets[READ] = twin_flows_counts(flows)->tcp;

    began_us = g_get_monotonic_time();
    g_autoptr(TwinModel) model = learn(flows, bench->preset);
    bench->seconds[LEARN][run] = since(began_us);
    bench->n_packets[LEARN] = twin_model_n_packets(model);

    began_us = g_get_monotonic_time();
    bench->n_packets[SYNTHESISE] = synthesise(model, bench->output);
    bench->seconds[SYNTHESISE][run] = since(began_us);
}

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(Bench *bench, Stage stage)
{
    qsort(bench->seconds[stage], bench->n_runs, sizeof(double), compare_doubles);
    return bench->seconds[stage][bench->n_runs / 2];
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    if (argc < 2) {
        g_printerr("usage: pipeline_bench CAPTURE [RUNS] [PRESET]\n");
        return 2;
    }
    Bench bench = {.capture = argv[1], .preset = argc > 3 ? argv[3] : NULL};
    const unsigned n_runs =
        argc > 2 ? (unsigned)CLAMP(g_ascii_strtoull(argv[2], NULL, 10), 1, MAX_RUNS) : 5;
    bench.output = g_build_filename(g_get_tmp_dir(), "pipeline_bench.pcap", NULL);
    for (unsigned run = 0; run < n_runs; run++) {
        run_once(&bench);
    }
    double per_packet_ns[N_STAGES];
    for (Stage stage = 0; stage < N_STAGES; stage++) {
        const double seconds = median(&bench, stage);
        per_packet_ns[stage] = 1e9 * seconds / (double)bench.n_packets[stage];
        const Stage peer = stage == SYNTHESISE ? PEER_DUMP : PEER_LOOP;
        g_print("%-28s %9" G_GUINT64_FORMAT " packets %8.3f s %7.2f M packets/s %7.2f × %s\n",
                stage_names[stage], bench.n_packets[stage], seconds, 1e3 / per_packet_ns[stage],
                per_packet_ns[stage] / per_packet_ns[peer], stage_names[peer]);
    }
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        g_print("peak memory %ld MB, %.1f bytes a packet\n", usage.ru_maxrss / 1024,
                1024.0 * (double)usage.ru_maxrss / (double)bench.n_packets[READ]);
    }
    (void)g_unlink(bench.output);
    g_free(bench.output);
    return 0;
}
