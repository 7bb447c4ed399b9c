// Package account implements passenger accounts: registration, passwords, logins, the profile,
// export of personal data and closing.
//
// It promises: an unknown login name and a wrong password get the same answer for the same work. No
// more concurrent attempts are answered than the lockout's rule allows. A login ends permanently,
// at its bounds or on request, and everything bound to it ends in the same transaction (rule A12).
// Two edits of one profile do not overwrite each other. Personal fields are stored only encrypted
// and are searched by keyed hashes. No error repeats what was entered. A closed account leaves no
// rows in this package's tables.
//
// The package does not know whether an identity is verified or registered elsewhere: the registry
// decides, through [Hooks]. A phone code proves control of the phone (rule G40) and is the only
// recovery from a forgotten password; its answers do not reveal whether an account exists. E-mail
// addresses are not verified. Neither phone nor e-mail address is a login name. Known gap: an
// attempt on an account whose hash has older parameters takes the time of those parameters, until
// the next successful login.
package account

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Hooks are called in the transaction of a change in this package: either both happen or neither. A
// hook that returns an error undoes the change; a problem is returned to the caller. A hook must
// use tx for all database access and must return quickly. No hook may be nil.
type Hooks struct {
	// Registered is called after the account's rows are inserted.
	Registered func(ctx context.Context, tx *sql.Tx, account string, who identity.Person) error
	// IdentityEdited is called before an edit of the identity is written. It is also called, with
	// before equal to after, when the holder saves an unchanged profile.
	IdentityEdited func(ctx context.Context, tx *sql.Tx, account string, before, after identity.Person) error
	// Closing is called before the account's rows are deleted. Rows that refer to them must be
	// deleted or detached.
	Closing func(ctx context.Context, tx *sql.Tx, account string) error
	// LoginsEnded is called with the ids of logins that end, 1 to [MaxEndedPerCall]. Everything
	// bound to these logins must end as well (rule A12).
	LoginsEnded func(ctx context.Context, tx *sql.Tx, logins []string) error
	// Recovered is called when an account gets a new password without the old one. request is the
	// id of the HTTP request.
	Recovered func(ctx context.Context, tx *sql.Tx, account, request string) error
}

// Config configures a [Service].
type Config struct {
	Database *database.DB
	Vault    *vault.Vault
	// Lockout locks accounts and throttles networks after failures.
	Lockout *throttle.Lockout
	Hooks   Hooks
	// Policy is the version of the current privacy policy, 1 to 64 characters (rule B12).
	// Registration requires consent to this version.
	Policy string
	// Codes sends one-time codes to phones (rule G40). nil: phones cannot be verified, and a
	// forgotten password cannot be reset by phone.
	Codes provider.CodeSender
	// CodePrefixes are the country codes, each with its plus sign, to which codes are sent in
	// addition to mainland numbers. nil: [DefaultCodePrefixes].
	CodePrefixes []string
	// Hashing is the cost of a password hash. Zero: [DefaultHashing].
	Hashing Hashing
	// LoginLife and LoginIdle bound a login, from its beginning and from its last use. 0:
	// [DefaultLoginLife], [DefaultLoginIdle].
	LoginLife, LoginIdle time.Duration
	// MaxLogins bounds the logins of one account; one more login ends the oldest. 0:
	// [DefaultMaxLogins].
	MaxLogins int
	// Now is the clock. nil: [time.Now].
	Now func() time.Time
	// Log receives faults of the code provider, without personal data. nil: no log.
	Log *zap.Logger
	// Metrics registers the counters. nil: the counters are not exported.
	Metrics prometheus.Registerer
}

// Bounds of logins. Our choice: the rules name none. Showing a code always needs a face check
// (A11), so a login may last for a return journey, but an unused login ends after days.
const (
	DefaultLoginLife = 14 * 24 * time.Hour
	DefaultLoginIdle = 3 * 24 * time.Hour
	DefaultMaxLogins = 5
	maxLoginLife     = 90 * 24 * time.Hour
	maxMaxLogins     = 100
)

// touchInterval is the precision of a login's last use. Recording every request would add a write
// to each.
const touchInterval = time.Minute

// Service implements the accounts. It is safe for concurrent use.
type Service struct {
	Config
	hasher  *hasher
	metrics *metrics
	sending chan struct{} // one element per code that is being sent
}

// New checks the configuration and returns a Service. The error reports every fault of the
// configuration.
func New(c Config) (*Service, error) {
	var all []error
	need := func(ok bool, what string) {
		if !ok {
			all = append(all, errors.New("account: "+what))
		}
	}
	c.LoginLife, c.LoginIdle = cmp.Or(c.LoginLife, DefaultLoginLife), cmp.Or(c.LoginIdle, DefaultLoginIdle)
	c.MaxLogins, c.Hashing = cmp.Or(c.MaxLogins, DefaultMaxLogins), cmp.Or(c.Hashing, DefaultHashing)
	c.Log = cmp.Or(c.Log, zap.NewNop())
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.CodePrefixes == nil {
		c.CodePrefixes = DefaultCodePrefixes
	}
	need(c.Database != nil, "Database is required")
	need(c.Vault != nil, "Vault is required")
	need(c.Lockout != nil, "Lockout is required")
	need(c.Hooks.Registered != nil && c.Hooks.IdentityEdited != nil && c.Hooks.Closing != nil && c.Hooks.LoginsEnded != nil && c.Hooks.Recovered != nil, "every hook is required")
	need(printable(c.Policy, maxPolicy), "Policy must have 1 to 64 printable ASCII characters")
	need(c.LoginLife >= touchInterval && c.LoginLife <= maxLoginLife, "LoginLife must be 1 minute to 90 days")
	need(c.LoginIdle > touchInterval && c.LoginIdle <= c.LoginLife, "LoginIdle must be longer than 1 minute and at most LoginLife")
	need(c.MaxLogins >= 1 && c.MaxLogins <= maxMaxLogins, "MaxLogins must be 1 to 100")
	all = append(all, c.Hashing.Check(), CheckCodePrefixes(c.CodePrefixes))
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, err
	}
	return &Service{c, newHasher(c.Hashing), m, make(chan struct{}, maxSending)}, nil
}

func (s *Service) now() database.Millis { return database.MillisAt(s.Now()) }

// CheckCodePrefixes reports what is wrong with [Config.CodePrefixes].
func CheckCodePrefixes(prefixes []string) error {
	for _, p := range prefixes {
		digits, ok := strings.CutPrefix(p, "+")
		if !ok || len(digits) < 1 || len(digits) > 7 || digits[0] == '0' || !allIn(digits, "0123456789") || strings.HasPrefix(p, mainland) {
			return errors.New("account: each code prefix must be a plus sign and 1 to 7 digits, such as +852; mainland China's +86 is always served")
		}
	}
	return nil
}

// maxPolicy bounds the version of a privacy policy, in characters.
const maxPolicy = 64

// printable reports whether text has 1 to most characters, all visible ASCII.
func printable(text string, most int) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= most
}

// Outcomes of a request for a phone code.
const (
	codeSent      = "sent"
	codeFailed    = "failed"    // the provider did not accept it
	codeThrottled = "throttled" // a limit was reached
)

// metrics counts phone codes. All label values are created at start.
type metrics struct {
	codes   *prometheus.CounterVec // by purpose and outcome
	entries *prometheus.CounterVec // by purpose and outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		codes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_codes_total",
			Help: "Phone codes requested, by purpose and outcome: sent, failed (the provider did not accept it) or throttled (a limit was reached)."}, []string{"purpose", "outcome"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_code_entries_total",
			Help: "Phone codes entered, by purpose and outcome: right or wrong."}, []string{"purpose", "outcome"}),
	}
	for _, p := range provider.Purposes() {
		for _, outcome := range []string{codeSent, codeFailed, codeThrottled} {
			m.codes.WithLabelValues(string(p), outcome)
		}
		for _, outcome := range []string{"right", "wrong"} {
			m.entries.WithLabelValues(string(p), outcome)
		}
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.codes, m.entries} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("account: metrics: %w", err)
		}
	}
	return m, nil
}

const (
	correctEN = "Correct the field and send it again."
	correctZH = "请更正后重新提交。"
)

// Problems are the problems of accounts. A lockout is [throttle.TooManyFailures].
var Problems problem.Table

// The problems of requests about accounts.
var (
	LoginRequired      = Problems.Add(401, "login_required", "Please log in.", "请先登录。", "Log in and try again.", "请登录后重试。")                                 // no login token, or one that is no longer valid
	LoginFailed        = Problems.Add(401, "login_failed", "The login name or the password is wrong.", "用户名或密码错误。", "Check both and try again.", "请核对后重试。") // unknown login name or wrong password
	LoginInvalid       = Problems.Add(422, "login_name_invalid", "The login name is not valid: 6 to 30 letters, digits and underscores, beginning with a letter.", "用户名应为6至30位字母、数字或下划线，且以字母开头。", correctEN, correctZH)
	LoginTaken         = Problems.Add(409, "login_name_taken", "This login name is taken.", "该用户名已被使用。", "Choose another login name.", "请更换用户名。")
	PasswordInvalid    = Problems.Add(422, "password_invalid", "The password is not valid: it needs 8 to 128 characters.", "密码格式有误，长度应为8至128个字符。", correctEN, correctZH)
	PasswordCommon     = Problems.Add(422, "password_too_common", "This password is too easy to guess.", "密码过于简单。", "Choose another password.", "请更换密码。")
	PasswordWrong      = Problems.Add(403, "password_wrong", "The password is wrong.", "密码错误。", "Enter your current password again.", "请重新输入当前密码。") // of a logged-in holder
	Busy               = Problems.Add(503, "passwords_busy", "The service is busy.", "系统繁忙。", "Please try again in a moment.", "请稍后重试。")
	DocumentInvalid    = Problems.Add(422, "identity_document_invalid", "This type of document is not supported.", "不支持该证件类型。", "Choose a resident ID card, a passport, or a permit for Hong Kong, Macau or Taiwan residents.", "请选择居民身份证、护照、港澳居民来往内地通行证或台湾居民来往大陆通行证。")
	NameInvalid        = Problems.Add(422, "identity_name_invalid", "The name is not valid.", "姓名填写有误。", "Enter the name as on the document.", "请按证件填写姓名。")
	NumberInvalid      = Problems.Add(422, "identity_number_invalid", "The document number is not valid.", "证件号码填写有误。", "Enter the number as on the document.", "请按证件填写号码。")
	NationalityInvalid = Problems.Add(422, "identity_nationality_invalid", "The nationality is not valid.", "国籍填写有误。", "Choose the nationality on the document.", "请按证件选择国籍。")
	ContactMissing     = Problems.Add(422, "contact_missing", "A phone number or an e-mail address is required.", "请填写手机号码或电子邮箱。", "Enter at least one of the two.", "请至少填写一项。")
	PhoneInvalid       = Problems.Add(422, "phone_invalid", "The phone number is not valid.", "手机号码填写有误。", correctEN, correctZH)
	EmailInvalid       = Problems.Add(422, "email_invalid", "The e-mail address is not valid.", "电子邮箱填写有误。", correctEN, correctZH)
	ConsentRequired    = Problems.Add(409, "consent_required", "Your consent to the current privacy policy is required.", "请先同意现行隐私政策。", "Read the policy and agree to it.", "请阅读并同意隐私政策后继续。")
	ProfileConflict    = Problems.Add(409, "profile_conflict", "The profile has changed since you opened it.", "资料已有更新。", "Load the profile again and repeat the change.", "请重新打开资料页面后再修改。")
	CodeWrong          = Problems.Add(403, "code_wrong", "The code is wrong or no longer valid.", "验证码错误或已失效。", "Check the code, or have a new one sent.", "请核对验证码，或重新获取。")
	CodeUnavailable    = Problems.Add(503, "code_unavailable", "The code cannot be sent right now.", "验证码暂时无法发送。", "Please try again in a moment, or go to a station window.", "请稍后重试，或到车站窗口办理。")
	PhoneNotServed     = Problems.Add(422, "phone_not_served", "Codes cannot be sent to numbers of this country or region.", "暂不支持向该国家或地区的手机号码发送验证码。", "Enter a number of mainland China, or go to a station window.", "请填写中国大陆手机号码，或到车站窗口办理。")
	LanguageInvalid    = Problems.Add(422, "language_invalid", "This language is not supported.", "不支持该语言。", "Choose Chinese or English.", "请选择中文或英文。")
	PhoneUnverified    = Problems.Add(409, "phone_unverified", "The phone of this account is not verified.", "该账户的手机号码尚未核验。", "Verify the phone with a code first.", "请先完成手机核验。")
	RecoveryFailed     = Problems.Add(403, "recovery_failed", "The password could not be reset.", "密码重置失败。", "Check the code. If it is correct, start again with the login name and the verified phone of the account.", "请核对验证码；如仍无法重置，请使用正确的用户名和该账户已核验的手机号码重新办理。")
	AccountNotFound    = Problems.Add(404, "account_not_found", "There is no such account.", "账户不存在。", "Check the login name, phone number or e-mail address.", "请核对用户名、手机号码或电子邮箱。") // shown to staff only
	ClientUnknown      = Problems.Add(422, "client_unknown", "The ticketing system is unknown.", "无法识别该售票系统。", "Please update the app.", "请更新客户端。")
	ChallengeInvalid   = Problems.Add(422, "challenge_invalid", "The challenge is not valid.", "校验参数有误。", correctEN, correctZH)
	AccountCodeInvalid = Problems.Add(404, "account_code_invalid", "The account code is not valid or no longer valid.", "账户授权码无效或已失效。", "Ask the passenger to get a new code in their app.", "请由旅客在客户端重新获取授权码。") // shown to ticketing systems only
)
