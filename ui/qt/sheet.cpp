/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QAbstractTableModel>
#include <QDialogButtonBox>
#include <QFont>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScreen>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QVBoxLayout>
#include <cstdlib>

namespace
{

constexpr int kSortRole = Qt::UserRole;
constexpr int kMaxShownRows = 12; /* of a table that is not the last: its height */
constexpr int kSummaryWidth = 480;
constexpr int kLongHeight = 620;
constexpr int kMargins = 60;   /* of the window, scroll bar included */
constexpr int kSortArrow = 24; /* room for it in a column's title */

/* Asks the plugin for what is drawn, cell by cell. */
class TableModel : public QAbstractTableModel
{
  public:
    TableModel(const TwinTable &table, void *data, QObject *parent)
        : QAbstractTableModel(parent), table_(table), data_(data)
    {
        while (table_.columns[nColumns_] != nullptr) {
            nColumns_++;
        }
    }

    int rowCount(const QModelIndex &parent) const override
    {
        return parent.isValid() ? 0 : static_cast<int>(table_.n_rows);
    }

    int columnCount(const QModelIndex &parent) const override
    {
        return parent.isValid() ? 0 : nColumns_;
    }

    QVariant headerData(int section, Qt::Orientation orientation, int role) const override
    {
        if (orientation != Qt::Horizontal) {
            return QVariant();
        }
        if (role == Qt::TextAlignmentRole) {
            return alignment(section);
        }
        return role == Qt::DisplayRole ? QString::fromUtf8(table_.columns[section]) : QVariant();
    }

    QVariant data(const QModelIndex &index, int role) const override
    {
        switch (role) {
        case Qt::DisplayRole:
            return text(index);
        case kSortRole:
            return isNumber(index.column()) ? QVariant(number(index)) : QVariant(text(index));
        case Qt::TextAlignmentRole:
            return alignment(index.column());
        case Qt::FontRole: {
            /* Weight, not colour alone, tells what failed. */
            QFont font;
            font.setBold(table_.is_bad != nullptr && table_.is_bad(row(index), data_));
            return font;
        }
        default:
            return QVariant();
        }
    }

    void activate(const QModelIndex &index) const
    {
        if (table_.activate != nullptr && index.isValid()) {
            table_.activate(row(index), data_);
        }
    }

  private:
    static size_t row(const QModelIndex &index)
    {
        return static_cast<size_t>(index.row());
    }

    bool isNumber(int column) const
    {
        return table_.alignment[column] == 'r';
    }

    QVariant alignment(int column) const
    {
        const Qt::Alignment side = isNumber(column) ? Qt::AlignRight : Qt::AlignLeft;
        return QVariant(static_cast<int>(side | Qt::AlignVCenter));
    }

    QString text(const QModelIndex &index) const
    {
        char *cell = table_.cell(row(index), static_cast<size_t>(index.column()), data_);
        const QString shown = QString::fromUtf8(cell);
        free(cell);
        return shown;
    }

    double number(const QModelIndex &index) const
    {
        QString digits = text(index);
        digits.remove(QLatin1Char('%'));
        bool isNumeric = false;
        const double value = digits.trimmed().toDouble(&isNumeric);
        return isNumeric ? value : -1;
    }

    TwinTable table_;
    void *data_;
    int nColumns_ = 0;
};

class Sheet : public QDialog
{
  public:
    explicit Sheet(const TwinSheet *sheet)
        : QDialog(twinMainWindow()), data_(sheet->data), close_(sheet->close)
    {
        setAttribute(Qt::WA_DeleteOnClose);
        setWindowTitle(twinTitle(sheet->title));
        auto *layout = new QVBoxLayout(this);
        addText(layout, sheet->text, false);
        for (size_t t = 0; t < sheet->n_tables; t++) {
            addTable(layout, sheet->tables[t], t + 1 == sheet->n_tables && sheet->n_tables > 1);
        }
        addText(layout, sheet->hint, true);
        auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
        QObject::connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::close);
        addButtonOf(sheet, buttons);
        layout->addWidget(buttons);
        buttons->button(QDialogButtonBox::Close)->setFocus();
        const bool isLong = sheet->n_tables > 1;
        const int widest = QGuiApplication::primaryScreen()->availableGeometry().width() * 9 / 10;
        resize(qMin(qMax(kSummaryWidth, width_ + kMargins), widest),
               isLong ? kLongHeight : sizeHint().height());
    }

    ~Sheet() override
    {
        if (close_ != nullptr) {
            close_(data_);
        }
    }

  private:
    void addButtonOf(const TwinSheet *sheet, QDialogButtonBox *buttons)
    {
        if (sheet->action == nullptr) {
            return;
        }
        auto *button =
            buttons->addButton(QString::fromUtf8(sheet->action), QDialogButtonBox::ActionRole);
        void (*const act)(void *) = sheet->act;
        QObject::connect(button, &QPushButton::clicked, this, [this, act] { act(data_); });
    }

    void addText(QVBoxLayout *layout, const char *text, bool isHint)
    {
        if (text == nullptr || *text == '\0') {
            return;
        }
        auto *label = new QLabel(QString::fromUtf8(text), this);
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        if (isHint) {
            QFont font = label->font();
            font.setItalic(true);
            label->setFont(font);
        }
        layout->addWidget(label);
    }

    void addTable(QVBoxLayout *layout, const TwinTable &table, bool isLong)
    {
        auto *view = new QTableView(this);
        auto *model = new TableModel(table, data_, view);
        auto *sorted = new QSortFilterProxyModel(view);
        sorted->setSourceModel(model);
        sorted->setSortRole(kSortRole);
        view->setModel(sorted);
        view->setAccessibleName(QString::fromUtf8(table.name));
        view->setSelectionBehavior(QAbstractItemView::SelectRows);
        view->setSelectionMode(QAbstractItemView::SingleSelection);
        view->setEditTriggers(QAbstractItemView::NoEditTriggers);
        view->setAlternatingRowColors(true);
        view->setShowGrid(false);
        view->setWordWrap(false);
        view->verticalHeader()->hide();
        view->verticalHeader()->setDefaultSectionSize(view->fontMetrics().height() + 6);
        view->horizontalHeader()->setHighlightSections(false);
        const int nColumns = model->columnCount(QModelIndex());
        view->horizontalHeader()->setStretchLastSection(table.alignment[nColumns - 1] == 'l');
        view->horizontalHeader()->setResizeContentsPrecision(100); /* rows looked at for widths */
        view->resizeColumnsToContents();
        for (int column = 0; column < nColumns; column++) {
            view->setColumnWidth(column, view->columnWidth(column) + (isLong ? kSortArrow : 12));
        }
        if (isLong) {
            view->sortByColumn(0, Qt::AscendingOrder);
            view->setSortingEnabled(true);
        } else {
            fitHeight(view, static_cast<int>(table.n_rows));
        }
        width_ = qMax(width_, view->horizontalHeader()->length());
        QObject::connect(view, &QTableView::activated, this,
                         [model, sorted](const QModelIndex &index) {
                             model->activate(sorted->mapToSource(index));
                         });
        layout->addWidget(view, isLong ? 1 : 0);
    }

    static void fitHeight(QTableView *view, int nRows)
    {
        const int rows = qMin(nRows, kMaxShownRows) * view->verticalHeader()->defaultSectionSize();
        view->setFixedHeight(rows + view->horizontalHeader()->sizeHint().height() +
                             2 * view->frameWidth() + 4);
        view->setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    }

    void *data_;
    void (*close_)(void *);
    int width_ = 0;
};

} // namespace

void twinShowSheet(const TwinSheet *sheet)
{
    auto *window = new Sheet(sheet);
    window->show();
    window->raise();
    window->activateWindow();
}
