/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QApplication>
#include <QMainWindow>
#include <QMessageBox>

QWidget *twinMainWindow()
{
    const auto widgets = QApplication::topLevelWidgets();
    for (QWidget *widget : widgets) {
        if (widget->isVisible() && qobject_cast<QMainWindow *>(widget) != nullptr) {
            return widget;
        }
    }
    return nullptr;
}

QString twinTitle(const char *title)
{
    return QStringLiteral("Wireshark · ") + QString::fromUtf8(title);
}

void twinShowMessage(TwinMessage kind, const char *title, const char *text, const char *remedy)
{
    auto *box = new QMessageBox(twinMainWindow());
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setIcon(kind == TWIN_MESSAGE_ERROR ? QMessageBox::Warning : QMessageBox::Information);
    box->setWindowTitle(twinTitle(title));
    box->setTextFormat(Qt::PlainText);
    box->setText(QString::fromUtf8(text));
    box->setInformativeText(QString::fromUtf8(remedy));
    box->setStandardButtons(QMessageBox::Ok);
    box->open();
}

extern "C" __attribute__((visibility("default"))) const TwinWindow *twin_window_module();

const TwinWindow *twin_window_module()
{
    static const TwinWindow window = {
        TWIN_WINDOW_INTERFACE, twinHookPacketMenu, twinOpenForm,    twinOpenProgress,
        twinUpdateProgress,    twinCloseProgress,  twinShowMessage, twinShowSheet,
        twinAddEntry,          twinChooseFile,
    };
    return &window;
}
