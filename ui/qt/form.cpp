/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QRadioButton>
#include <QRegularExpression>
#include <QRegularExpressionValidator>
#include <QSpinBox>
#include <QStyle>
#include <QVBoxLayout>
#include <cstdlib>

namespace
{

constexpr int kMaxFlows = 10000000;
constexpr int kWidth = 660;

/* The dialog of all three tasks; each shows the fields that it needs. */
class Form : public QDialog
{
  public:
    explicit Form(const TwinForm *form)
        : QDialog(twinMainWindow()), form_(*form), request_(form->initial),
          output_(QString::fromUtf8(form->initial.output)),
          model_(QString::fromUtf8(form->initial.model))
    {
        setAttribute(Qt::WA_DeleteOnClose);
        setWindowTitle(twinTitle(form->title));
        auto *layout = new QVBoxLayout(this);
        if (request_.task != TWIN_TASK_GENERATE) {
            addScopes(layout);
        }
        addFields(layout);
        addJudgement(layout);
        addButtons(layout);
        fillIn();
        isReady_ = true;
        judge();
        resize(kWidth, sizeHint().height());
    }

    ~Form() override
    {
        form_.close(form_.data);
    }

    void accept() override
    {
        collect();
        if (judgement_ == TWIN_JUDGEMENT_WRONG) {
            return;
        }
        if (judgement_ == TWIN_JUDGEMENT_EXISTS && !request_.may_exist) {
            askWhetherToReplace();
            return;
        }
        form_.accept(&request_, form_.data);
        QDialog::accept();
    }

  private:
    bool isWriting() const
    {
        return request_.task != TWIN_TASK_LEARN;
    }

    void addScopes(QVBoxLayout *layout)
    {
        auto *box = new QGroupBox(QStringLiteral("Learn from"), this);
        auto *inside = new QVBoxLayout(box);
        scopes_ = new QButtonGroup(this);
        for (int scope = 0; scope < TWIN_N_SCOPES; scope++) {
            if (form_.scopes[scope] == nullptr) {
                continue;
            }
            auto *button = new QRadioButton(QString::fromUtf8(form_.scopes[scope]), box);
            scopes_->addButton(button, scope);
            inside->addWidget(button);
            hints_[scope] = QString::fromUtf8(form_.scope_hints[scope]);
            flows_[scope] = static_cast<int>(
                qMin<uint64_t>(form_.scope_flows[scope], static_cast<uint64_t>(kMaxFlows)));
            QObject::connect(button, &QRadioButton::toggled, this, [this](bool isOn) {
                if (isOn) {
                    scopeChanged();
                }
            });
        }
        hint_ = new QLabel(box);
        hint_->setWordWrap(true);
        QFont font = hint_->font();
        font.setItalic(true);
        hint_->setFont(font);
        inside->addWidget(hint_);
        layout->addWidget(box);
    }

    void addFields(QVBoxLayout *layout)
    {
        fields_ = new QFormLayout;
        fields_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
        layout->addLayout(fields_);
        if (request_.task == TWIN_TASK_GENERATE) {
            modelLine_ = addFile("&Model:", "Open", [this] { browseModel(); });
        }
        if (isWriting()) {
            count_ = new QSpinBox(this);
            count_->setRange(1, kMaxFlows);
            count_->setGroupSeparatorShown(true);
            addField("&Flows:", count_);
            QObject::connect(count_, QOverload<int>::of(&QSpinBox::valueChanged), this, [this] {
                isCountOwn_ = isCountOwn_ || !isFollowing_;
                judge();
            });
        }
        if (request_.task != TWIN_TASK_GENERATE) {
            design_ = new QComboBox(this);
            design_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
            design_->setMinimumContentsLength(40); /* long ones do not widen the dialog */
            for (const char *const *name = form_.designs; *name != nullptr; name++) {
                design_->addItem(QString::fromUtf8(*name));
            }
            addField("&Design:", design_);
        }
        seed_ = new QLineEdit(this);
        seed_->setValidator(new QRegularExpressionValidator(
            QRegularExpression(QStringLiteral("[0-9]{0,20}")), seed_));
        seed_->setToolTip(QStringLiteral("The same seed gives the same capture, byte by byte"));
        addField("&Seed:", seed_);
        QObject::connect(seed_, &QLineEdit::textChanged, this, [this] { judge(); });
        addresses_ = new QComboBox(this);
        addresses_->addItem(QStringLiteral("Keep those of the capture"));
        addresses_->addItem(QStringLiteral("Anonymous (documentation prefixes)"));
        addField("&Addresses:", addresses_);
        outputLine_ = addFile("&Output:", "Browse", [this] { browseOutput(); });
        if (isWriting()) {
            opening_ = new QComboBox(this);
            opening_->addItem(QStringLiteral("Open it in this window"));
            opening_->addItem(QStringLiteral("Open it in a new window"));
            opening_->addItem(QStringLiteral("Do not open it"));
            addField("&When done:", opening_);
        }
    }

    void addField(const char *title, QWidget *field)
    {
        auto *label = new QLabel(QString::fromUtf8(title), this);
        label->setBuddy(field);
        field->setAccessibleName(label->text().remove(QLatin1Char('&')).remove(QLatin1Char(':')));
        fields_->addRow(label, field);
    }

    template <typename Browse>
    QLineEdit *addFile(const char *title, const char *verb, Browse browse)
    {
        auto *line = new QLineEdit(this);
        auto *button = new QPushButton(QString::fromUtf8(verb) + QStringLiteral("…"), this);
        button->setAutoDefault(false);
        auto *row = new QHBoxLayout;
        row->addWidget(line);
        row->addWidget(button);
        auto *label = new QLabel(QString::fromUtf8(title), this);
        label->setBuddy(line); /* a layout has none of its own */
        line->setAccessibleName(label->text().remove(QLatin1Char('&')).remove(QLatin1Char(':')));
        fields_->addRow(label, row);
        QObject::connect(line, &QLineEdit::textChanged, this, [this] { judge(); });
        QObject::connect(button, &QPushButton::clicked, this, browse);
        return line;
    }

    void addJudgement(QVBoxLayout *layout)
    {
        auto *row = new QHBoxLayout;
        icon_ = new QLabel(this);
        text_ = new QLabel(this);
        text_->setWordWrap(true);
        text_->setTextFormat(Qt::PlainText);
        text_->setMinimumHeight(2 *
                                text_->fontMetrics().lineSpacing()); /* no jump when it speaks */
        row->addWidget(icon_, 0, Qt::AlignTop);
        row->addWidget(text_, 1, Qt::AlignTop);
        layout->addStretch(1);
        layout->addLayout(row);
    }

    void addButtons(QVBoxLayout *layout)
    {
        auto *buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
        ok_ = buttons->button(QDialogButtonBox::Ok);
        ok_->setText(QString::fromUtf8(form_.action));
        ok_->setDefault(true);
        QObject::connect(buttons, &QDialogButtonBox::accepted, this, [this] { accept(); });
        QObject::connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
        layout->addWidget(buttons);
    }

    void fillIn()
    {
        seed_->setText(QString::number(static_cast<qulonglong>(request_.seed)));
        addresses_->setCurrentIndex(request_.is_anonymous ? 1 : 0);
        outputLine_->setText(output_);
        if (modelLine_ != nullptr) {
            modelLine_->setText(model_);
        }
        if (design_ != nullptr) {
            design_->setCurrentIndex(static_cast<int>(request_.design));
        }
        if (opening_ != nullptr) {
            opening_->setCurrentIndex(request_.opening);
        }
        if (count_ != nullptr) {
            follow(static_cast<int>(qMin<uint64_t>(request_.n_flows, kMaxFlows)));
        }
        if (scopes_ != nullptr && scopes_->button(request_.scope) != nullptr) {
            scopes_->button(request_.scope)->setChecked(true);
        }
    }

    /* The number of flows goes with the choice until the user has said one. */
    void follow(int nFlows)
    {
        if (count_ != nullptr && !isCountOwn_ && nFlows > 0) {
            isFollowing_ = true;
            count_->setValue(nFlows);
            isFollowing_ = false;
        }
    }

    void scopeChanged()
    {
        const int scope = scopes_->checkedId();
        follow(flows_[scope]);
        hint_->setText(hints_[scope]);
        judge();
    }

    void collect()
    {
        if (scopes_ != nullptr && scopes_->checkedId() >= 0) {
            request_.scope = static_cast<TwinScope>(scopes_->checkedId());
        }
        if (count_ != nullptr) {
            request_.n_flows = static_cast<uint64_t>(count_->value());
        }
        if (design_ != nullptr) {
            request_.design = static_cast<size_t>(qMax(0, design_->currentIndex()));
        }
        if (opening_ != nullptr) {
            request_.opening = static_cast<TwinOpening>(qMax(0, opening_->currentIndex()));
        }
        if (modelLine_ != nullptr) {
            modelBytes_ = modelLine_->text().toUtf8();
            request_.model = modelBytes_.constData();
        }
        request_.is_anonymous = addresses_->currentIndex() == 1;
        request_.seed = seed_->text().toULongLong(&isSeedGood_);
        outputBytes_ = outputLine_->text().toUtf8();
        request_.output = outputBytes_.constData();
    }

    void judge()
    {
        if (!isReady_) {
            return;
        }
        request_.may_exist = false;
        collect();
        char *said = nullptr;
        judgement_ = form_.judge(&request_, &said, form_.data);
        QString text = QString::fromUtf8(said);
        free(said);
        if (!isSeedGood_) {
            judgement_ = TWIN_JUDGEMENT_WRONG;
            text = QStringLiteral("Seed: a number from 0 to 18446744073709551615 is wanted.");
        }
        const bool isWrong = judgement_ == TWIN_JUDGEMENT_WRONG;
        const int size = style()->pixelMetric(QStyle::PM_SmallIconSize);
        const QIcon icon = style()->standardIcon(isWrong ? QStyle::SP_MessageBoxWarning
                                                         : QStyle::SP_MessageBoxInformation);
        icon_->setPixmap(text.isEmpty() ? QPixmap() : icon.pixmap(size, size));
        text_->setText(text);
        text_->setAccessibleName(text);
        ok_->setEnabled(!isWrong);
    }

    void askWhetherToReplace()
    {
        auto *box = new QMessageBox(this);
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->setIcon(QMessageBox::Question);
        box->setWindowTitle(twinTitle("Replace the file?"));
        box->setTextFormat(Qt::PlainText);
        box->setText(outputLine_->text() + QStringLiteral(" exists."));
        box->setInformativeText(
            QStringLiteral("It is replaced when the work has gone well, and not before."));
        QAbstractButton *replace =
            box->addButton(QStringLiteral("Replace"), QMessageBox::DestructiveRole);
        box->setDefaultButton(box->addButton(QMessageBox::Cancel));
        QObject::connect(replace, &QAbstractButton::clicked, this, [this] {
            request_.may_exist = true;
            accept();
        });
        box->open();
    }

    QFileDialog *fileDialog(QLineEdit *line, QFileDialog::AcceptMode mode)
    {
        const QFileInfo present(line->text());
        auto *dialog = new QFileDialog(this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setAcceptMode(mode);
        dialog->setDirectory(present.absolutePath());
        if (mode == QFileDialog::AcceptSave) {
            dialog->selectFile(present.fileName());
        }
        QObject::connect(dialog, &QFileDialog::fileSelected, line, &QLineEdit::setText);
        return dialog;
    }

    void browseOutput()
    {
        QFileDialog *dialog = fileDialog(outputLine_, QFileDialog::AcceptSave);
        dialog->setWindowTitle(twinTitle("Output"));
        dialog->setFileMode(QFileDialog::AnyFile);
        dialog->setNameFilters(QString::fromUtf8(form_.output_kinds).split(QStringLiteral(";;")));
        dialog->setOption(QFileDialog::DontConfirmOverwrite); /* asked when all is filled in */
        dialog->open();
    }

    void browseModel()
    {
        QFileDialog *dialog = fileDialog(modelLine_, QFileDialog::AcceptOpen);
        dialog->setWindowTitle(twinTitle("Model"));
        dialog->setFileMode(QFileDialog::ExistingFile);
        dialog->setNameFilters(
            {QStringLiteral("Models (*.json)"), QStringLiteral("All files (*)")});
        dialog->open();
    }

    TwinForm form_;
    TwinRequest request_;
    TwinJudgement judgement_ = TWIN_JUDGEMENT_WRONG;
    QString output_;
    QString model_;
    QString hints_[TWIN_N_SCOPES];
    int flows_[TWIN_N_SCOPES] = {};
    QByteArray outputBytes_;
    QByteArray modelBytes_;
    bool isReady_ = false;
    bool isSeedGood_ = true;
    bool isCountOwn_ = false;
    bool isFollowing_ = false;
    QButtonGroup *scopes_ = nullptr;
    QFormLayout *fields_ = nullptr;
    QLabel *hint_ = nullptr;
    QLabel *icon_ = nullptr;
    QLabel *text_ = nullptr;
    QSpinBox *count_ = nullptr;
    QComboBox *design_ = nullptr;
    QComboBox *addresses_ = nullptr;
    QComboBox *opening_ = nullptr;
    QLineEdit *seed_ = nullptr;
    QLineEdit *outputLine_ = nullptr;
    QLineEdit *modelLine_ = nullptr;
    QPushButton *ok_ = nullptr;
};

} // namespace

void twinOpenForm(const TwinForm *form)
{
    (new Form(form))->open();
}
