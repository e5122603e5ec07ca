/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router between the demo's client hosts and its servers, each host behind a line of its own.
 *
 *     line_router SEED DEVICE SERVER_NETNS CLIENT_NETNS=PATH...
 *
 * Every namespace holds a TAP device called DEVICE. A frame that a host sends is kept back for as
 * long as its line would take, then written to the other side's device; some are lost, some are
 * overtaken. This is in user space because not every kernel has netem, and because a path that
 * differs from host to host is a table here. SIGTERM or SIGINT ends it; counters go to stderr.
 */
#define _GNU_SOURCE /* setns, ppoll; NOLINT(readability-identifier-naming): not our name */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS          64
#define MAX_ADDRESSES      4 /* that one host may use, of both families */
#define MAX_FRAME          2048
#define MAX_WAITING        16384 /* frames kept back at once */
#define READS_PER_TURN     32    /* so that one busy host cannot starve the rest */
#define MAX_QUEUE_NS       (250 * INT64_C(1000000)) /* of waiting: beyond it a line drops */
#define NS_PER_S           INT64_C(1000000000)
#define ETHERNET_BYTES     14
#define SERVER_PORT        0
#define LAST_WAS_LOST_STAY 0.35 /* losses come in runs: the chance of another after one */

/* What a kind of line does to packets; delays are one way, and a host's factor scales them. */
typedef struct {
    const char *name;
    int64_t delay_us;
    int64_t jitter_us; /* mean of an exponential */
    double loss;       /* chance that a run of losses begins */
    double reorder;    /* chance that a packet is held back without holding back those behind it */
    int64_t up_kbit_s;
    int64_t down_kbit_s;
    uint8_t hops; /* taken from the TTL, so that a capture shows how far away a host is */
} Path;

static const Path paths[] = {
    {"lan", 150, 20, 0, 0, 1000000, 1000000, 1},
    {"fibre", 6000, 150, 0.0003, 0.0002, 100000, 300000, 8},
    {"dsl", 17000, 900, 0.001, 0.0005, 2400, 16000, 10},
    {"mobile", 28000, 7000, 0.003, 0.001, 8000, 30000, 13},
    {"wifi", 5000, 2500, 0.010, 0.006, 20000, 40000, 6},
};

/* One way of a host's line. */
typedef struct {
    int64_t free_ns;     /* when the last frame's last bit has left the sender */
    int64_t last_due_ns; /* when the last frame arrives, which others do not overtake */
    bool losing;
} Direction;

typedef struct {
    uint8_t bytes[16];
    size_t length; /* 4 or 16 */
} Address;

/* A namespace's device; with a path, that of a client host. */
typedef struct {
    int fd;
    uint8_t mac[6];
    const Path *path;
    double factor; /* of the path's delays, 0.6 … 1.7 */
    uint64_t random;
    Direction up;
    Direction down;
    Address addresses[MAX_ADDRESSES];
    size_t n_addresses;
} Port;

/* A frame under way. */
typedef struct {
    int64_t due_ns;
    uint64_t order; /* of arrival: among equals the first goes first */
    size_t port;
    size_t length;
    uint8_t *bytes; /* owned */
} Frame;

typedef struct {
    Port ports[MAX_PORTS];
    size_t n_ports;
    Frame waiting[MAX_WAITING]; /* a binary heap, the next due on top */
    size_t n_waiting;
    uint64_t n_frames;
    uint64_t n_lost;
    uint64_t n_dropped;
    uint64_t n_overtaken;
} Router;

static const uint8_t router_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "line_router: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* SplitMix64 (Steele, Lea, Flood 2014), in [0, 1); a stream a host, so hosts do not disturb others.
 */
static double draw(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* --- frames under way --- */

static bool is_sooner(const Frame *a, const Frame *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void swap_frames(Frame *a, Frame *b)
{
    const Frame kept = *a;
    *a = *b;
    *b = kept;
}

static void heap_push(Router *router, Frame frame)
{
    size_t at = router->n_waiting++;
    router->waiting[at] = frame;
    while (at > 0 && is_sooner(&router->waiting[at], &router->waiting[(at - 1) / 2])) {
        swap_frames(&router->waiting[at], &router->waiting[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static Frame heap_pop(Router *router)
{
    const Frame top = router->waiting[0];
    router->waiting[0] = router->waiting[--router->n_waiting];
    size_t at = 0;
    for (size_t child = 1; child < router->n_waiting; child = 2 * at + 1) {
        if (child + 1 < router->n_waiting &&
            is_sooner(&router->waiting[child + 1], &router->waiting[child])) {
            child++;
        }
        if (!is_sooner(&router->waiting[child], &router->waiting[at])) {
            break;
        }
        swap_frames(&router->waiting[child], &router->waiting[at]);
        at = child;
    }
    return top;
}

/* --- addresses --- */

/* The packet's source or destination; false for what is not routed: ARP, multicast, link-local. */
static bool get_address(const uint8_t *frame, size_t length, bool destination, Address *out)
{
    const unsigned type = (unsigned)frame[12] << 8 | frame[13];
    const uint8_t *packet = frame + ETHERNET_BYTES;
    if (type == 0x0800 && length >= ETHERNET_BYTES + 20) {
        out->length = 4;
        memcpy(out->bytes, packet + (destination ? 16 : 12), 4);
        return out->bytes[0] < 224;
    }
    if (type == 0x86dd && length >= ETHERNET_BYTES + 40) {
        out->length = 16;
        memcpy(out->bytes, packet + (destination ? 24 : 8), 16);
        return out->bytes[0] != 0xff && out->bytes[0] != 0xfe && out->bytes[0] != 0;
    }
    return false;
}

static bool owns_address(const Port *port, const Address *address)
{
    for (size_t i = 0; i < port->n_addresses; i++) {
        if (port->addresses[i].length == address->length &&
            memcmp(port->addresses[i].bytes, address->bytes, address->length) == 0) {
            return true;
        }
    }
    return false;
}

/* Clients always speak first, so what a host sends from tells where its answers go. */
static void learn_address(Port *port, const Address *address)
{
    if (!owns_address(port, address) && port->n_addresses < MAX_ADDRESSES) {
        port->addresses[port->n_addresses++] = *address;
    }
}

/* The client host that owns @address, NULL when none has used it. */
static Port *find_client(Router *router, const Address *address)
{
    for (size_t i = SERVER_PORT + 1; i < router->n_ports; i++) {
        if (owns_address(&router->ports[i], address)) {
            return &router->ports[i];
        }
    }
    return NULL;
}

/* --- the line --- */

static bool is_lost(Port *client, Direction *direction)
{
    const double chance = direction->losing ? LAST_WAS_LOST_STAY : client->path->loss;
    direction->losing = client->path->loss > 0 && draw(&client->random) < chance;
    return direction->losing;
}

/*
 * When a frame that enters @client's line now leaves it, or -1 if the line drops it.
 * It waits for those before it, takes its bits' time, then the way's delay and jitter.
 */
static int64_t pass_line(Router *router, Port *client, bool upwards, size_t length)
{
    Direction *direction = upwards ? &client->up : &client->down;
    const Path *path = client->path;
    if (is_lost(client, direction)) {
        router->n_lost++;
        return -1;
    }
    const int64_t now = now_ns();
    const int64_t start = direction->free_ns > now ? direction->free_ns : now;
    if (start - now > MAX_QUEUE_NS) {
        router->n_dropped++;
        return -1;
    }
    const int64_t rate_kbit_s = upwards ? path->up_kbit_s : path->down_kbit_s;
    direction->free_ns = start + (int64_t)length * 8 * 1000000 / rate_kbit_s;

    const double jitter_us = (double)path->jitter_us * -log(1 - draw(&client->random));
    int64_t due = direction->free_ns +
                  (int64_t)(1000 * ((double)path->delay_us * client->factor + jitter_us));
    if (draw(&client->random) < path->reorder) {
        router->n_overtaken++;
        return due + 1000 * (int64_t)((double)(path->jitter_us + 1500) * draw(&client->random));
    }
    if (due < direction->last_due_ns) {
        due = direction->last_due_ns;
    }
    direction->last_due_ns = due;
    return due;
}

/* Takes @hops from the TTL or hop limit; false when that would use it up. */
static bool age_packet(uint8_t *frame, uint8_t hops)
{
    uint8_t *packet = frame + ETHERNET_BYTES;
    const bool is_ipv4 = packet[0] >> 4 == 4;
    uint8_t *ttl = is_ipv4 ? packet + 8 : packet + 7;
    if (*ttl <= hops) {
        return false;
    }
    *ttl = (uint8_t)(*ttl - hops);
    if (is_ipv4) { /* RFC 1624: the header's checksum grows by what its word has lost */
        uint32_t sum = ((uint32_t)packet[10] << 8 | packet[11]) + ((uint32_t)hops << 8);
        sum = (sum & 0xffff) + (sum >> 16);
        packet[10] = (uint8_t)(sum >> 8);
        packet[11] = (uint8_t)sum;
    }
    return true;
}

static void send_later(Router *router, size_t port, const uint8_t *frame, size_t length,
                       int64_t due_ns)
{
    Frame kept = {due_ns, router->n_frames++, port, length, malloc(length)};
    if (kept.bytes == NULL) {
        die("a frame");
    }
    memcpy(kept.bytes, frame, length);
    memcpy(kept.bytes, router->ports[port].mac, 6);
    memcpy(kept.bytes + 6, router_mac, 6);
    heap_push(router, kept);
}

static void route(Router *router, size_t from, uint8_t *frame, size_t length)
{
    const bool upwards = from != SERVER_PORT;
    Address source;
    Address destination;
    if (length < ETHERNET_BYTES || !get_address(frame, length, false, &source) ||
        !get_address(frame, length, true, &destination)) {
        return;
    }
    Port *client = upwards ? &router->ports[from] : find_client(router, &destination);
    if (client == NULL || router->n_waiting == MAX_WAITING) {
        return;
    }
    if (upwards) {
        learn_address(client, &source);
    }
    const int64_t due_ns = pass_line(router, client, upwards, length);
    if (due_ns >= 0 && age_packet(frame, client->path->hops)) {
        const size_t to = upwards ? SERVER_PORT : (size_t)(client - router->ports);
        send_later(router, to, frame, length, due_ns);
    }
}

/* --- devices --- */

static int enter_namespace(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "/run/netns/%s", name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
        die(path);
    }
    return close(fd);
}

/* Opens the namespace's device; the process stays in that namespace, where it opens nothing else.
 */
static void open_device(Port *port, const char *namespace, const char *device)
{
    enter_namespace(namespace);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    port->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (port->fd < 0 || ioctl(port->fd, TUNSETIFF, &request) != 0 ||
        ioctl(port->fd, SIOCGIFHWADDR, &request) != 0) {
        die(namespace);
    }
    memcpy(port->mac, request.ifr_hwaddr.sa_data, sizeof port->mac);
}

static const Path *find_path(const char *name)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (strcmp(paths[i].name, name) == 0) {
            return &paths[i];
        }
    }
    (void)fprintf(stderr, "line_router: no path is called '%s'\n", name);
    exit(2);
}

static void add_client(Router *router, char *argument, const char *device, uint64_t seed)
{
    char *equals = strchr(argument, '=');
    if (equals == NULL || router->n_ports == MAX_PORTS) {
        (void)fprintf(stderr, "line_router: '%s': NETNS=PATH expected, at most %d\n", argument,
                      MAX_PORTS - 1);
        exit(2);
    }
    *equals = '\0';
    Port *port = &router->ports[router->n_ports];
    port->path = find_path(equals + 1);
    port->random = seed * 1000003 + router->n_ports++;
    (void)draw(&port->random);
    port->factor = exp(draw(&port->random) - 0.5); /* 0.61 … 1.65, as often below 1 as above */
    open_device(port, argument, device);
}

/* --- the loop --- */

static void read_port(Router *router, size_t port)
{
    uint8_t frame[MAX_FRAME];
    for (size_t i = 0; i < READS_PER_TURN; i++) {
        const ssize_t length = read(router->ports[port].fd, frame, sizeof frame);
        if (length <= 0) {
            return; /* EAGAIN, or the device is down */
        }
        route(router, port, frame, (size_t)length);
    }
}

static void deliver_due(Router *router)
{
    const int64_t now = now_ns();
    while (router->n_waiting > 0 && router->waiting[0].due_ns <= now) {
        Frame frame = heap_pop(router);
        if (write(router->ports[frame.port].fd, frame.bytes, frame.length) < 0) {
            router->n_dropped++; /* a device that is going down: as good as a loss */
        }
        free(frame.bytes);
    }
}

static struct timespec time_to_next(const Router *router)
{
    int64_t wait_ns = NS_PER_S / 5;
    if (router->n_waiting > 0) {
        const int64_t next_ns = router->waiting[0].due_ns - now_ns();
        wait_ns = next_ns < 0 ? 0 : next_ns < wait_ns ? next_ns : wait_ns;
    }
    return (struct timespec){.tv_sec = 0, .tv_nsec = (long)wait_ns};
}

static void run(Router *router)
{
    struct pollfd polled[MAX_PORTS];
    for (size_t i = 0; i < router->n_ports; i++) {
        polled[i] = (struct pollfd){.fd = router->ports[i].fd, .events = POLLIN};
    }
    while (!stop_asked) {
        const struct timespec wait = time_to_next(router);
        const int n_ready = ppoll(polled, router->n_ports, &wait, NULL);
        for (size_t i = 0; n_ready > 0 && i < router->n_ports; i++) {
            if (polled[i].revents & POLLIN) {
                read_port(router, i);
            }
        }
        deliver_due(router);
    }
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        (void)fputs("usage: line_router SEED DEVICE SERVER_NETNS CLIENT_NETNS=PATH...\n", stderr);
        return 2;
    }
    static Router router; /* too large for the stack */
    const uint64_t seed = strtoull(argv[1], NULL, 10);
    open_device(&router.ports[SERVER_PORT], argv[3], argv[2]);
    router.n_ports = 1;
    for (int i = 4; i < argc; i++) {
        add_client(&router, argv[i], argv[2], seed);
    }
    (void)signal(SIGTERM, ask_stop);
    (void)signal(SIGINT, ask_stop);
    (void)prctl(PR_SET_TIMERSLACK, 1000UL); /* the default, 50 µs, would show on the LAN */
    (void)puts("ready");
    (void)fflush(stdout);
    run(&router);
    (void)fprintf(stderr,
                  "line_router: %llu frames carried, %llu lost, %llu dropped, %llu overtaken\n",
                  (unsigned long long)router.n_frames, (unsigned long long)router.n_lost,
                  (unsigned long long)router.n_dropped, (unsigned long long)router.n_overtaken);
    return 0;
}
