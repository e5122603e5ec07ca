/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/exchange.h"

#include "base/array.h"
#include "packet/tcp.h"

void twin_exchange_clear(TwinExchange *self)
{
    *self = (TwinExchange){
        .packets = self->packets,
        .packets_room = self->packets_room,
        .writes = self->writes,
        .writes_room = self->writes_room,
    };
}

void twin_exchange_free(TwinExchange *self)
{
    g_free(self->packets);
    g_free(self->writes);
    *self = (TwinExchange){.packets = NULL};
}

bool twin_exchange_reserve(TwinExchange *self, size_t n_packets)
{
    return twin_array_reserve((void **)&self->packets, &self->packets_room, n_packets,
                              sizeof *self->packets);
}

TwinHostPacket *twin_exchange_add_packet(TwinExchange *self)
{
    if (!twin_exchange_reserve(self, self->n_packets + 1)) {
        return NULL;
    }
    TwinHostPacket *packet = &self->packets[self->n_packets++];
    memset(packet, 0, sizeof *packet);
    return packet;
}

TwinWrite *twin_exchange_add_write(TwinExchange *self)
{
    if (!twin_array_reserve((void **)&self->writes, &self->writes_room, self->n_writes + 1,
                            sizeof *self->writes)) {
        return NULL;
    }
    TwinWrite *write = &self->writes[self->n_writes++];
    memset(write, 0, sizeof *write);
    return write;
}

TwinDelayClass twin_delay_class(const TwinHostPacket *packet, unsigned first)
{
    static const TwinDelayClass by_first[] = {TWIN_DELAY_MORE, TWIN_DELAY_ANSWER, TWIN_DELAY_WRITE};
    if (packet->move == TWIN_MOVE_AGAIN) {
        return TWIN_DELAY_RESEND;
    }
    if ((packet->flags & (TWIN_TCP_FIN | TWIN_TCP_RST)) != 0) {
        return TWIN_DELAY_CLOSE;
    }
    if ((packet->flags & TWIN_TCP_SYN) != 0) {
        return TWIN_DELAY_ANSWER;
    }
    return packet->payload_bytes == 0 ? TWIN_DELAY_ACK : by_first[first];
}
