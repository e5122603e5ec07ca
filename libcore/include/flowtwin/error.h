/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_ERROR_H
#define FLOWTWIN_ERROR_H

#include <flowtwin/macros.h>

#include <glib.h>

G_BEGIN_DECLS

/** The domain of every GError that libflowtwin sets. */
#define TWIN_ERROR (twin_error_quark())

/**
 * What went wrong, as far as a caller can act on it. New codes go at the end: the numbers are ABI.
 */
typedef enum {
    TWIN_ERROR_ARGUMENT,    /**< out of the documented range: fix the call or the option */
    TWIN_ERROR_EMPTY,       /**< nothing to work on: no packet, no TCP flow, no value */
    TWIN_ERROR_TOO_LARGE,   /**< more than memory or a documented limit allows */
    TWIN_ERROR_FORMAT,      /**< the bytes are not what they should be: another file is wanted */
    TWIN_ERROR_UNSUPPORTED, /**< well formed, but of a kind or version that this library cannot read
                             */
    TWIN_ERROR_INPUT,       /**< the input could not be opened or read */
    TWIN_ERROR_OUTPUT,      /**< the output could not be made or written; nothing was left behind */
    TWIN_ERROR_EXISTS,      /**< the output exists and was not to be replaced */
    TWIN_ERROR_CANCELLED,   /**< a progress function said stop */
} TwinError;

TWIN_API GQuark twin_error_quark(void);

G_END_DECLS

#endif
