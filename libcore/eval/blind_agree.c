/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/blind_agree.h"

#include "eval/table.h"

static double kappa(double observed, double by_chance)
{
    return by_chance < 1 ? (observed - by_chance) / (1 - by_chance) : TWIN_NO_VALUE;
}

double twin_kappa_cohen(const uint32_t *counts, size_t n_grades)
{
    double n = 0;
    double same = 0;
    double by_chance = 0;
    for (size_t i = 0; i < n_grades * n_grades; i++) {
        n += counts[i];
    }
    for (size_t g = 0; g < n_grades; g++) {
        double first = 0;
        double second = 0;
        for (size_t h = 0; h < n_grades; h++) {
            first += counts[g * n_grades + h];
            second += counts[h * n_grades + g];
        }
        same += counts[g * n_grades + g];
        by_chance += first * second;
    }
    return n > 0 ? kappa(same / n, by_chance / (n * n)) : TWIN_NO_VALUE;
}

double twin_kappa_fleiss(const uint32_t *counts, size_t n_flows, size_t n_grades)
{
    double n_annotators = 0;
    for (size_t g = 0; g < n_grades && n_flows > 0; g++) {
        n_annotators += counts[g];
    }
    if (n_annotators < 2) {
        return TWIN_NO_VALUE;
    }
    const double n = (double)n_flows;
    double pairs = 0;
    double by_chance = 0;
    for (size_t g = 0; g < n_grades; g++) {
        double of_grade = 0;
        for (size_t f = 0; f < n_flows; f++) {
            const double count = counts[f * n_grades + g];
            of_grade += count;
            pairs += count * (count - 1);
        }
        const double share = of_grade / (n * n_annotators);
        by_chance += share * share;
    }
    return kappa(pairs / (n * n_annotators * (n_annotators - 1)), by_chance);
}

void twin_wilson(size_t part, size_t whole, double *low_out, double *high_out)
{
    const double z = 1.959963984540054; /* 97.5 % of the normal distribution lie below it */
    if (whole == 0) {
        *low_out = *high_out = TWIN_NO_VALUE;
        return;
    }
    const double n = (double)whole;
    const double share = (double)part / n;
    const double middle = share + z * z / (2 * n);
    const double half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    const double scale = 1 + z * z / n;
    *low_out = part == 0 ? 0 : (middle - half) / scale; /* rounding would leave -1e-17 */
    *high_out = part == whole ? 1 : (middle + half) / scale;
}
