/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_COMPLIANCE_H
#define FLOWTWIN_PLUGIN_COMPLIANCE_H

#include "session.h"

/** Shows the checks of all flows, and the flows, in a window; of the capture as it is now. */
void twin_compliance_show(TwinSession *session);

#endif
