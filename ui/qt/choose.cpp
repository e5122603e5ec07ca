/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QFileDialog>

void twinChooseFile(const char *title, const char *folder, void (*chosen)(const char *path))
{
    auto *dialog = new QFileDialog(twinMainWindow());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(twinTitle(title));
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setDirectory(QFile::decodeName(folder));
    dialog->setNameFilters(
        {QStringLiteral("Captures (*.pcap *.pcapng *.cap *.gz)"), QStringLiteral("All files (*)")});
    QObject::connect(dialog, &QFileDialog::fileSelected, dialog, [chosen](const QString &path) {
        chosen(QFile::encodeName(path).constData());
    });
    dialog->open();
}
