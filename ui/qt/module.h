/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_UI_QT_MODULE_H
#define FLOWTWIN_UI_QT_MODULE_H

#include "window.h"

#include <QDialog>
#include <QString>

/** Wireshark's main window, the parent of all of ours; nullptr without one. */
QWidget *twinMainWindow();

/** "Wireshark · title", as Wireshark names its own. */
QString twinTitle(const char *title);

void twinHookPacketMenu(const char *text, void (*chosen)());
void twinAddEntry(const TwinEntry *entry);
void twinChooseFile(const char *title, const char *folder, void (*chosen)(const char *path));
void twinOpenForm(const TwinForm *form);
void twinOpenProgress(const char *title, void (*cancel)());
void twinUpdateProgress(const char *what, double fraction);
void twinCloseProgress();
void twinShowMessage(TwinMessage kind, const char *title, const char *text, const char *remedy);
void twinShowSheet(const TwinSheet *sheet);

#endif
