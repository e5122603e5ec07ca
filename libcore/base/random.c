/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/random.h"

#include <string.h>

enum { ROUNDS = 10 };

static const uint32_t multipliers[2] = {0xD2511F53U, 0xCD9E8D57U};
static const uint32_t weyl[2] = {0x9E3779B9U, 0xBB67AE85U};

void twin_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t block_out[4])
{
    uint32_t x[4];
    uint32_t k[2] = {key[0], key[1]};
    memcpy(x, counter, sizeof x);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t product0 = (uint64_t)multipliers[0] * x[0];
        const uint64_t product1 = (uint64_t)multipliers[1] * x[2];
        const uint32_t y0 = (uint32_t)(product1 >> 32) ^ x[1] ^ k[0];
        const uint32_t y2 = (uint32_t)(product0 >> 32) ^ x[3] ^ k[1];
        x[0] = y0;
        x[1] = (uint32_t)product1;
        x[2] = y2;
        x[3] = (uint32_t)product0;
        k[0] += weyl[0];
        k[1] += weyl[1];
    }
    memcpy(block_out, x, sizeof x);
}

TwinRandom twin_random(uint64_t seed, TwinRandomPurpose purpose, uint64_t index)
{
    return (TwinRandom){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)purpose, (uint32_t)index, (uint32_t)(index >> 32)},
        .block = {0},
        .n_left = 0,
    };
}

void twin_random_refill(TwinRandom *self)
{
    twin_philox(self->counter, self->key, self->block);
    self->counter[0]++;
    self->n_left = 4;
}
