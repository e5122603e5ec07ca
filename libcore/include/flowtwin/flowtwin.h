/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOWTWIN_H
#define FLOWTWIN_FLOWTWIN_H

/* Everything that libflowtwin offers. */
#include <flowtwin/blindtest.h>
#include <flowtwin/check.h>
#include <flowtwin/check_report.h>
#include <flowtwin/error.h>
#include <flowtwin/flow_show.h>
#include <flowtwin/flows.h>
#include <flowtwin/frame.h>
#include <flowtwin/labels.h>
#include <flowtwin/model.h>
#include <flowtwin/output.h>
#include <flowtwin/progress.h>
#include <flowtwin/report.h>
#include <flowtwin/split.h>
#include <flowtwin/synthesise.h>
#include <flowtwin/tracker.h>
#include <flowtwin/version.h>

#endif
