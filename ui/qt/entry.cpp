/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QAction>
#include <QApplication>
#include <QEvent>
#include <QKeySequence>
#include <QMenu>
#include <QTimer>
#include <vector>

namespace
{

/* Entries of the packet list's menu that are there for some packets only, and their keys. */
class Entries : public QObject
{
  public:
    using QObject::QObject;

    void add(const TwinEntry *entry)
    {
        entries_.push_back(*entry);
        QWidget *window = twinMainWindow();
        if (entry->key == nullptr || window == nullptr) {
            return;
        }
        auto *action = new QAction(QString::fromUtf8(entry->text), window);
        action->setShortcut(keys(*entry));
        connectTo(action, *entry);
        window->addAction(action);
    }

    /* Sees every packet menu before it is shown; Wireshark builds it anew each time. */
    bool eventFilter(QObject *object, QEvent *event) override
    {
        auto *menu = event->type() == QEvent::Show ? qobject_cast<QMenu *>(object) : nullptr;
        if (menu != nullptr && menu->parentWidget() != nullptr &&
            menu->parentWidget()->inherits("PacketList") &&
            !menu->property("flowtwinEntries").toBool()) {
            menu->setProperty("flowtwinEntries", true);
            addTo(menu);
        }
        return false;
    }

  private:
    static QKeySequence keys(const TwinEntry &entry)
    {
        return QKeySequence(QString::fromUtf8(entry.key));
    }

    static void connectTo(QAction *action, const TwinEntry &entry)
    {
        void (*const chosen)() = entry.chosen;
        QObject::connect(action, &QAction::triggered, qApp,
                         [chosen] { QTimer::singleShot(0, qApp, [chosen] { chosen(); }); });
    }

    /* First of all: who annotates does nothing else. */
    void addTo(QMenu *menu) const
    {
        QAction *const before = menu->actions().value(0);
        bool isAny = false;
        for (const TwinEntry &entry : entries_) {
            if (entry.is_in_packet_menu && entry.is_wanted()) {
                auto *action = new QAction(QString::fromUtf8(entry.text), menu);
                connectTo(action, entry);
                menu->insertAction(before, action);
                isAny = true;
            }
        }
        if (isAny) {
            menu->insertSeparator(before);
        }
    }

    std::vector<TwinEntry> entries_;
};

} // namespace

void twinAddEntry(const TwinEntry *entry)
{
    static Entries *entries = nullptr;
    if (entries == nullptr) {
        entries = new Entries(qApp);
        qApp->installEventFilter(entries);
    }
    entries->add(entry);
}
