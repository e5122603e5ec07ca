/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QPointer>
#include <QProgressDialog>

namespace
{

constexpr int kSteps = 1000;
constexpr int kShownAfterMs = 200; /* what is done at once flashes no window */

/* At most one piece of work goes on. */
QPointer<QProgressDialog> &progressDialog()
{
    static QPointer<QProgressDialog> dialog;
    return dialog;
}

} // namespace

void twinOpenProgress(const char *title, void (*cancel)())
{
    twinCloseProgress();
    auto *dialog = new QProgressDialog(twinMainWindow());
    dialog->setWindowTitle(twinTitle(title));
    dialog->setRange(0, kSteps);
    dialog->setAutoClose(false);
    dialog->setAutoReset(false);
    dialog->setMinimumDuration(kShownAfterMs);
    dialog->setMinimumWidth(420);
    /* Not modal: setValue() of a modal one runs an event loop of its own. */
    dialog->setWindowModality(Qt::NonModal);
    QObject::connect(dialog, &QProgressDialog::canceled, dialog, [cancel] { cancel(); });
    progressDialog() = dialog;
    dialog->setValue(0);
}

void twinUpdateProgress(const char *what, double fraction)
{
    QProgressDialog *dialog = progressDialog();
    if (dialog != nullptr && !dialog->wasCanceled()) {
        QString text = QString::fromUtf8(what);
        text.replace(0, 1, text.left(1).toUpper());
        dialog->setLabelText(text);
        dialog->setValue(static_cast<int>(fraction * kSteps));
    }
}

void twinCloseProgress()
{
    QProgressDialog *dialog = progressDialog();
    if (dialog != nullptr) {
        dialog->disconnect();
        dialog->close();
        dialog->deleteLater();
        progressDialog() = nullptr;
    }
}
