/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QAction>
#include <QApplication>
#include <QEvent>
#include <QMenu>
#include <QTimer>

namespace
{

/* Sees every packet menu before it is shown; Wireshark builds it anew each time. */
class PacketMenuHook : public QObject
{
  public:
    PacketMenuHook(const QString &text, void (*chosen)(), QObject *parent)
        : QObject(parent), text_(text), chosen_(chosen)
    {
    }

    bool eventFilter(QObject *object, QEvent *event) override
    {
        auto *menu = event->type() == QEvent::Show ? qobject_cast<QMenu *>(object) : nullptr;
        if (menu != nullptr && menu->parentWidget() != nullptr &&
            menu->parentWidget()->inherits("PacketList") && !menu->property("flowtwin").toBool()) {
            menu->setProperty("flowtwin", true);
            addTo(menu);
        }
        return false;
    }

  private:
    /* Before the entries that copy: where the API of later versions puts a plugin's. */
    void addTo(QMenu *menu) const
    {
        auto *entry = new QAction(text_, menu);
        void (*const chosen)() = chosen_;
        QObject::connect(entry, &QAction::triggered, qApp,
                         [chosen] { QTimer::singleShot(0, qApp, [chosen] { chosen(); }); });
        const auto actions = menu->actions();
        QAction *before = nullptr;
        for (QAction *action : actions) {
            if (action->menu() != nullptr &&
                action->text().remove(QLatin1Char('&')) == QLatin1String("Follow")) {
                before = action;
            }
        }
        menu->insertAction(before, entry);
    }

    QString text_;
    void (*chosen_)();
};

} // namespace

void twinHookPacketMenu(const char *text, void (*chosen)())
{
    qApp->installEventFilter(new PacketMenuHook(QString::fromUtf8(text), chosen, qApp));
}
