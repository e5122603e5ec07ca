/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/connection.h"
#include "packet/tcp.h"

#include <glib.h>
#include <string.h>

enum {
    S = TWIN_TCP_SYN,
    A = TWIN_TCP_ACK,
    F = TWIN_TCP_FIN,
    R = TWIN_TCP_RST,
    MAX_STEPS = 8,
    SECOND = TWIN_PACKET_FROM_SECOND,
};

#define HANDSHAKE                                                                                  \
    {0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0},                                               \
    {                                                                                              \
        0, A, 1, 1, 0, 0                                                                           \
    }
#define SCALED TWIN_PACKET_WINDOW_SCALE
#define SCALED_HANDSHAKE                                                                           \
    {SCALED, S, 0, 0, 0, 0}, {SECOND | SCALED, S | A, 0, 1, 0, 0},                                 \
    {                                                                                              \
        0, A, 1, 1, 0, 0                                                                           \
    }

/* The first numbers: near the end of their space, so that every case wraps. */
static const uint32_t firsts[2] = {UINT32_MAX - 5, UINT32_MAX - 900};

typedef struct {
    unsigned bits; /* of TwinPacket */
    unsigned flags;
    uint32_t seq, ack; /* from each side's first number */
    uint32_t payload_bytes;
    uint16_t window; /* 0: 1000 */
} Step;

static TwinPacket packet_of(const Step *step)
{
    const unsigned side = (step->bits & SECOND) != 0 ? 1 : 0;
    return (TwinPacket){
        .bits = (uint8_t)step->bits,
        .flags = (uint16_t)step->flags,
        .seq = firsts[side] + step->seq,
        .ack = firsts[1 - side] + step->ack,
        .payload_bytes = step->payload_bytes,
        .window = step->window != 0 ? step->window : 1000,
        .window_shift = 3,
    };
}

static TwinConnection after(const Step *steps, unsigned *events)
{
    TwinConnection connection = {.bits = 0};
    for (size_t i = 0; i < MAX_STEPS && (steps[i].bits | steps[i].flags) != 0; i++) {
        const TwinPacket packet = packet_of(&steps[i]);
        *events = twin_connection_update(&connection, &packet);
    }
    return connection;
}

/* What a SYN is on a connection that has come so far. */
static const struct {
    const char *what;
    Step steps[MAX_STEPS];
    Step syn;
    bool reopens;
} reopenings[] = {
    {"established and open",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, A, 1, 1, 0, 0}},
     {0, S, 5000, 0, 0, 0},
     false},
    {"one FIN",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, F | A, 1, 1, 0, 0}},
     {0, S, 5000, 0, 0, 0},
     false},
    {"FIN of each side",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, F | A, 1, 1, 0, 0},
      {SECOND, F | A, 1, 2, 0, 0}},
     {0, S, 5000, 0, 0, 0},
     true},
    {"FIN of each side, the handshake's own number",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, F | A, 1, 1, 0, 0},
      {SECOND, F | A, 1, 2, 0, 0}},
     {0, S, 0, 0, 0, 0},
     false},
    {"the other side opens after the end",
     {{0, S, 0, 0, 0, 0}, {SECOND, R | A, 0, 1, 0, 0}},
     {SECOND, S, 5000, 0, 0, 0},
     true},
    {"refused, same number",
     {{0, S, 0, 0, 0, 0}, {SECOND, R | A, 0, 1, 0, 0}},
     {0, S, 0, 0, 0, 0},
     false},
    {"refused, the number of a try before it",
     {{0, S, 0, 0, 0, 0}, {0, S, 7000, 0, 0, 0}, {SECOND, R | A, 0, 7001, 0, 0}},
     {0, S, 0, 0, 0, 0},
     false},
    {"once a handshake completes, tries before it are no longer its own",
     {{0, S, 0, 0, 0, 0},
      {0, S, 7000, 0, 0, 0},
      {SECOND, S | A, 0, 7001, 0, 0},
      {0, A, 7001, 1, 0, 0},
      {SECOND, R | A, 1, 7001, 0, 0}},
     {0, S, 0, 0, 0, 0},
     true},
    {"so for the second side",
     {{0, A, 1, 1, 0, 0},
      {SECOND, S, 0, 0, 0, 0},
      {SECOND, S, 7000, 0, 0, 0},
      {0, S | A, 900, 7001, 0, 0},
      {SECOND, A, 7001, 901, 0, 0},
      {0, R | A, 901, 7001, 0, 0}},
     {SECOND, S, 0, 0, 0, 0},
     true},
    {"opened twice: the first handshake's number is its own",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, A, 1, 1, 0, 0},
      {0, S, 5000, 0, 0, 0},
      {SECOND, S | A, 7000, 5001, 0, 0},
      {0, R, 5001, 0, 0, 0}},
     {0, S, 0, 0, 0, 0},
     false},
    {"and the server's first one",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, A, 1, 1, 0, 0},
      {0, S, 5000, 0, 0, 0},
      {SECOND, S | A, 7000, 5001, 0, 0},
      {0, R, 5001, 0, 0, 0}},
     {SECOND, S, 0, 0, 0, 0},
     false},
    {"of two SYN/ACK numbers the one just below the third leg's is its own",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 7000, 1, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, A, 1, 7001, 0, 0},
      {0, R, 1, 0, 0, 0}},
     {SECOND, S, 7000, 0, 0, 0},
     false},
    {"SYN+FIN opens nothing",
     {{0, S, 0, 0, 0, 0}, {SECOND, R | A, 0, 1, 0, 0}},
     {0, S | F, 5000, 0, 0, 0},
     false},
    {"refused, then tried again: still refused",
     {{0, S, 0, 0, 0, 0}, {SECOND, R | A, 0, 1, 0, 0}, {0, S, 0, 0, 0, 0}},
     {0, S, 5000, 0, 0, 0},
     true},
    {"refused, then accepted",
     {{0, S, 0, 0, 0, 0},
      {SECOND, R | A, 0, 1, 0, 0},
      {0, S, 0, 0, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, A, 1, 1, 0, 0}},
     {0, S, 5000, 0, 0, 0},
     false},
};

static void test_reopening_and_retry(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(reopenings); i++) {
        unsigned events = 0;
        const TwinConnection connection = after(reopenings[i].steps, &events);
        const TwinPacket syn = packet_of(&reopenings[i].syn);
        g_test_message("%s", reopenings[i].what);
        g_assert_cmpint(twin_connection_is_reopened_by(&connection, &syn), ==,
                        reopenings[i].reopens);
    }
}

/* The last step is a RST: does it end the connection? */
static const struct {
    const char *what;
    Step steps[MAX_STEPS];
    bool ends;
} resets[] = {
    {"answers the SYN", {{0, S, 0, 0, 0, 0}, {SECOND, R | A, 0, 1, 0, 0}}, true},
    {"answers payload on the SYN", {{0, S, 0, 0, 9, 0}, {SECOND, R | A, 0, 10, 0, 0}}, true},
    {"beyond it", {{0, S, 0, 0, 9, 0}, {SECOND, R | A, 0, 11, 0, 0}}, false},
    {"acknowledges the SYN's number alone",
     {{0, S, 0, 0, 0, 0}, {SECOND, R | A, 0, 0, 0, 0}},
     false},
    {"no ACK while the SYN waits", {{0, S, 0, 0, 0, 0}, {SECOND, R, 0, 1, 0, 0}}, false},
    {"at the highest acknowledgement", {HANDSHAKE, {SECOND, R, 1, 0, 0, 0}}, true},
    {"at the right edge of an unscaled window", {HANDSHAKE, {SECOND, R, 1001, 0, 0, 0}}, true},
    {"beyond it", {HANDSHAKE, {SECOND, R, 1002, 0, 0, 0}}, false},
    {"before it", {HANDSHAKE, {SECOND, R, 0, 0, 0, 0}}, false},
    {"at the right edge of a scaled window", {SCALED_HANDSHAKE, {SECOND, R, 8001, 0, 0, 0}}, true},
    {"beyond it", {SCALED_HANDSHAKE, {SECOND, R, 8002, 0, 0, 0}}, false},
    {"a smaller window does not take back the edge",
     {SCALED_HANDSHAKE, {0, A, 1, 1, 0, 1}, {SECOND, R, 8001, 0, 0, 0}},
     true},
    {"at an older acknowledgement",
     {HANDSHAKE,
      {SECOND, A, 1, 1, 40, 0},
      {0, A, 1, 41, 0, 0},
      {SECOND, A, 41, 1, 40, 0},
      {0, A, 1, 81, 0, 0},
      {SECOND, R, 41, 0, 0, 0}},
     true},
    {"at none of them",
     {HANDSHAKE, {SECOND, A, 1, 1, 80, 0}, {0, A, 1, 81, 0, 0}, {SECOND, R, 40, 0, 0, 0}},
     false},
    {"a wider window moves the edge",
     {HANDSHAKE, {0, A, 1, 1, 0, 3000}, {SECOND, R, 3001, 0, 0, 0}},
     true},
    {"an acknowledgement moves it",
     {HANDSHAKE, {0, A, 1, 500, 0, 0}, {SECOND, R, 1500, 0, 0, 0}},
     true},
    {"at an acknowledgement of what was not captured",
     {HANDSHAKE, {0, A, 1, 500, 0, 0}, {SECOND, R, 500, 0, 0, 0}},
     true},
    {"at the older one, as far as its sender was seen",
     {HANDSHAKE, {0, A, 1, 500, 0, 0}, {SECOND, R, 1, 0, 0, 0}},
     true},
    {"an acknowledgement a whole window ahead counts",
     {HANDSHAKE, {0, A, 1, 1U + (1U << 30), 0, 0}, {SECOND, R, 1U + (1U << 30), 0, 0, 0}},
     true},
    {"one further ahead is of another space",
     {HANDSHAKE, {0, A, 1, 2U + (1U << 30), 0, 0}, {SECOND, R, 2U + (1U << 30), 0, 0, 0}},
     false},
    {"acknowledgements of an older incarnation are forgotten",
     {{0, S, 0, 0, 0, 0},
      {0, A, 1, 5000000, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {0, A, 1, 1, 0, 0},
      {SECOND, R, 1, 0, 0, 0}},
     true},
    {"midway, within the largest scale", {{0, A, 1, 1, 9, 2}, {SECOND, R, 32769, 0, 0, 0}}, true},
    {"midway, beyond it", {{0, A, 1, 1, 9, 2}, {SECOND, R, 32770, 0, 0, 0}}, false},
    {"nothing known", {{0, R, 4711, 0, 0, 0}}, true},
    {"one way, its own numbers", {{0, A, 1, 1, 9, 0}, {0, R, 10, 0, 0, 0}}, true},
    {"one way, a whole window ahead",
     {{0, A, 1, 1, 9, 0}, {0, R, 10U + (1U << 30), 0, 0, 0}},
     true},
    {"one way, a whole window behind",
     {{0, A, 1, 1, 9, 0}, {0, R, 10U - (1U << 30), 0, 0, 0}},
     true},
    {"one way, further behind", {{0, A, 1, 1, 9, 0}, {0, R, 9U - (1U << 30), 0, 0, 0}}, false},
    {"one way, another space", {{0, A, 1, 1, 9, 0}, {0, R, 11U + (1U << 30), 0, 0, 0}}, false},
    {"the client answers an old incarnation",
     {{0, S, 0, 0, 0, 0}, {SECOND, A, 6001, 444, 0, 0}, {0, R, 444, 0, 0, 0}},
     false},
    {"the client ends a half-open connection",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, R, 1, 0, 0, 0}},
     true},
    {"the server ends a half-open connection",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {SECOND, R, 1, 0, 0, 0}},
     true},
};

static void test_acceptable_resets(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(resets); i++) {
        unsigned events = 0;
        const TwinConnection connection = after(resets[i].steps, &events);
        g_test_message("%s", resets[i].what);
        g_assert_cmpint((events & TWIN_CONNECTION_RESET) != 0, ==, resets[i].ends);
        g_assert_cmpint(twin_connection_is_finished(&connection), ==, resets[i].ends);
    }
}

/* What the last step turns out to be. */
static const struct {
    const char *what;
    Step steps[MAX_STEPS];
    unsigned events;
} happenings[] = {
    {"a SYN", {{0, S, 0, 0, 0, 0}}, TWIN_CONNECTION_SYN},
    {"its copy", {{0, S, 0, 0, 0, 0}, {0, S, 0, 0, 0, 0}}, TWIN_CONNECTION_SYN_RETRY},
    {"its answer", {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}}, TWIN_CONNECTION_SYNACK},
    {"no answer", {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 2, 0, 0}}, TWIN_CONNECTION_BAD_SYNACK},
    {"answered by itself",
     {{0, S, 0, 0, 0, 0}, {0, S | A, 5, 1, 0, 0}},
     TWIN_CONNECTION_BAD_SYNACK},
    {"third leg", {HANDSHAKE}, TWIN_CONNECTION_ESTABLISHED},
    {"third leg that acknowledges only the number before",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, A, 1, 0, 0, 0}},
     0},
    {"third leg with the SYN's own number",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, A, 0, 1, 0, 0}},
     TWIN_CONNECTION_ESTABLISHED},
    {"an old segment is none",
     {{0, S, 500, 0, 0, 0}, {SECOND, S | A, 0, 501, 0, 0}, {0, A, 499, 1, 0, 0}},
     0},
    {"third leg a whole window ahead",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, A, 1, 1U << 30, 0, 0}},
     TWIN_CONNECTION_ESTABLISHED},
    {"further ahead it is none",
     {{0, S, 0, 0, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}, {0, A, 1, 1U + (1U << 30), 0, 0}},
     0},
    {"it acknowledges neither of two SYN/ACKs",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 100, 1, 0, 0},
      {SECOND, S | A, 7000, 1, 0, 0},
      {0, A, 1, 100, 0, 0}},
     0},
    {"a whole window above the older of two SYN/ACKs",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S | A, 7000, 1, 0, 0},
      {SECOND, S | A, 0, 1, 0, 0},
      {SECOND, S | A, 7000, 1, 0, 0},
      {0, A, 1, 1U << 30, 0, 0}},
     TWIN_CONNECTION_ESTABLISHED},
    {"a new try is not acknowledged by the old one's ACK",
     {{0, S, 0, 0, 0, 0},
      {SECOND, S, 0, 0, 0, 0},
      {0, A, 1, 1, 0, 0},
      {0, S, 7000, 0, 0, 0},
      {SECOND, A, 1, 7001, 0, 0}},
     0},
    {"a whole window beyond the FIN",
     {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, A, (1U << 30) - 1, 1, 2, 0}},
     TWIN_CONNECTION_AFTER_FIN | TWIN_CONNECTION_NEW_OCTETS},
    {"further beyond",
     {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, A, 1U << 30, 1, 2, 0}},
     TWIN_CONNECTION_NEW_OCTETS},
    {"an ACK alone ahead brings no octets", {HANDSHAKE, {0, A, 50, 1, 0, 0}}, 0},
    {"stray SYN", {HANDSHAKE, {0, S, 5000, 0, 0, 0}}, TWIN_CONNECTION_STRAY_SYN},
    {"stray SYN, challenged", {HANDSHAKE, {0, S, 5000, 0, 0, 0}, {SECOND, A, 1, 1, 0, 0}}, 0},
    {"stray SYN, answered",
     {HANDSHAKE, {0, S, 5000, 0, 0, 0}, {SECOND, S | A, 7000, 5001, 0, 0}},
     TWIN_CONNECTION_REOPENED},
    {"stray SYN, answered with another number",
     {HANDSHAKE, {0, S, 5000, 0, 0, 0}, {SECOND, S | A, 7000, 1, 0, 0}},
     0},
    {"new octets", {HANDSHAKE, {0, A, 1, 1, 9, 0}}, TWIN_CONNECTION_NEW_OCTETS},
    {"old octets", {HANDSHAKE, {0, A, 1, 1, 9, 0}, {0, A, 1, 1, 9, 0}}, 0},
    {"a window ahead", {HANDSHAKE, {0, A, 1U << 30, 1, 1, 0}}, TWIN_CONNECTION_NEW_OCTETS},
    {"further ahead", {HANDSHAKE, {0, A, 1U << 30, 1, 2, 0}}, TWIN_CONNECTION_FOREIGN},
    {"a guessed length is none", {HANDSHAKE, {TWIN_PACKET_UNSURE_PAYLOAD, A, 1, 1, 9, 0}}, 0},
    {"beyond the FIN",
     {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, A, 1, 1, 2, 0}},
     TWIN_CONNECTION_AFTER_FIN | TWIN_CONNECTION_NEW_OCTETS},
    {"keep-alive at the FIN", {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, A, 1, 1, 1, 0}}, 0},
    {"one octet beyond it",
     {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, A, 2, 1, 1, 0}},
     TWIN_CONNECTION_AFTER_FIN | TWIN_CONNECTION_NEW_OCTETS},
    {"up to the FIN", {HANDSHAKE, {0, F | A, 9, 1, 0, 0}, {0, A, 1, 1, 8, 0}}, 0},
    {"FIN again", {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, F | A, 1, 1, 0, 0}}, 0},
    {"FIN elsewhere",
     {HANDSHAKE, {0, F | A, 1, 1, 0, 0}, {0, F | A, 2, 1, 0, 0}},
     TWIN_CONNECTION_FIN_MOVED},
};

static void test_events(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(happenings); i++) {
        unsigned events = 0;
        (void)after(happenings[i].steps, &events);
        g_test_message("%s", happenings[i].what);
        g_assert_cmphex(events, ==, happenings[i].events);
    }
}

static void test_client(void)
{
    static const struct {
        Step steps[MAX_STEPS];
        unsigned client;
    } rows[] = {
        {{{0, S, 0, 0, 0, 0}, {SECOND, S, 0, 0, 0, 0}}, 0},        /* the first SYN's sender */
        {{{0, S | A, 0, 1, 0, 0}, {SECOND, A, 1, 1, 0, 0}}, 1},    /* who was answered */
        {{{0, S | A, 0, 1, 0, 0}, {0, S, 5, 1, 0, 0}}, 0},         /* a SYN says more */
        {{{0, A, 0, 1, 9, 0}, {SECOND, A, 1, 9, 0, 0}}, 0},        /* the first packet's sender */
        {{{0, A, 0, 1, 9, 0}, {SECOND, S, 1, 0, 0, 0}}, 1},        /* a SYN later on */
        {{{0, S | A, 0, 1, 0, 0}, {SECOND, S | A, 0, 1, 0, 0}}, 1} /* the first SYN/ACK counts */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        unsigned events = 0;
        const TwinConnection connection = after(rows[i].steps, &events);
        g_assert_cmpuint(twin_connection_client(&connection), ==, rows[i].client);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connection/reopening-and-retry", test_reopening_and_retry);
    g_test_add_func("/connection/acceptable-resets", test_acceptable_resets);
    g_test_add_func("/connection/events", test_events);
    g_test_add_func("/connection/client", test_client);
    return g_test_run();
}
