package account

import (
	"errors"
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
)

// MinLogin and MaxLogin bound a login name, characters. Ours.
const (
	MinLogin = 6
	MaxLogin = 30
)

// normalLogin is a login name in its one form: a letter, then letters, digits and
// underscores, without case. It cannot look like a phone or a document number.
func normalLogin(entered string) (string, bool) {
	if len(entered) < MinLogin || len(entered) > MaxLogin || !printable(entered, MaxLogin) {
		return "", false
	}
	login := strings.ToLower(entered)
	for i := range len(login) {
		c := login[i]
		if !(c >= 'a' && c <= 'z') && (i == 0 || !(c >= '0' && c <= '9') && c != '_') {
			return "", false
		}
	}
	return login, true
}

// LockKey is what wrong passwords for a login name are counted by; ok is false for
// what can be no login name.
func LockKey(f *throttle.Lockout, login string) (k throttle.Key, ok bool) {
	login, ok = normalLogin(login)
	return f.Account(login), ok
}

// CodeKey is what codes to phones are counted by for a login name.
func CodeKey(f *throttle.Lockout, login string) throttle.Key {
	login, _ = normalLogin(login)
	return f.CodesOf(login)
}

// Identity is who an account says its holder is. It is personal data.
type Identity struct {
	Name        identity.Name
	Document    identity.DocumentType
	Number      string
	Nationality identity.Nationality // empty: the document goes without
	// Substituted says that the document holds characters which could not be
	// entered: pinyin, a homophone or a simplified form stands for them (rule B8).
	Substituted bool
}

// EnteredIdentity is an identity as somebody typed it.
type EnteredIdentity struct {
	Name        string
	Document    identity.DocumentType
	Number      string
	Nationality string
	Substituted bool
}

// read checks the form of an identity, field by field.
func (e EnteredIdentity) read(now time.Time) (who Identity, err error) {
	if !e.Document.Known() {
		return Identity{}, problem.New(DocumentInvalid, "document type "+identity.ErrDocumentUnknown.Error())
	}
	if who.Name, err = identity.ReadName(e.Name, e.Document); err != nil {
		return Identity{}, problem.New(NameInvalid, "name "+err.Error())
	}
	switch who.Number, err = identity.ReadNumber(e.Document, e.Number, now); {
	case errors.Is(err, identity.ErrFirstGeneration):
		return Identity{}, problem.New(rules.FirstGenerationCard, err.Error())
	case err != nil:
		return Identity{}, problem.New(NumberInvalid, err.Error())
	}
	if who.Nationality, err = identity.ParseNationality(e.Document, e.Nationality); err != nil {
		return Identity{}, problem.New(NationalityInvalid, err.Error())
	}
	who.Document, who.Substituted = e.Document, e.Substituted
	return who, nil
}

// Contact is how a holder says to be reached: one of the two at least. Neither is
// checked to be the holder's. It is personal data.
type Contact struct {
	Phone string // empty: none
	Email string // empty: none
}

// maxEmail is what RFC 5321 lets an address have; maxLocal its part before the at.
const (
	maxEmail = 254
	maxLocal = 64
)

// read gives a contact its one form.
func (c Contact) read() (Contact, error) {
	if c == (Contact{}) {
		return c, problem.New(ContactMissing, "a phone number or an e-mail address is required")
	}
	phone, ok := normalPhone(c.Phone)
	if !ok {
		return c, problem.New(PhoneInvalid, "phone must be 11 digits of a mainland mobile number, or a plus sign, country code and number, digits only")
	}
	email, ok := normalEmail(c.Email)
	if !ok {
		return c, problem.New(EmailInvalid, "email must be an address of at most 254 ASCII characters")
	}
	return Contact{phone, email}, nil
}

// normalPhone takes a mainland mobile number without its country code, and any
// other in the form of E.164: a plus sign and at most 15 digits.
func normalPhone(entered string) (string, bool) {
	if entered == "" {
		return "", true
	}
	const mainland = "+86"
	phone := entered
	if rest, ok := strings.CutPrefix(phone, mainland); ok {
		phone = rest
	} else if digits, ok := strings.CutPrefix(phone, "+"); ok {
		return phone, len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && allIn(digits, "0123456789")
	}
	return phone, len(phone) == 11 && phone[0] == '1' && phone[1] >= '3' && allIn(phone, "0123456789")
}

// normalEmail takes the addresses that people have (the dot-atom of RFC 5322 at a
// name with a dot), in lower case: no mail system that matters tells cases apart,
// and a passenger does not remember which was typed.
func normalEmail(entered string) (string, bool) {
	if entered == "" {
		return "", true
	}
	if !printable(entered, maxEmail) { // before ToLower, which makes ASCII of other letters
		return "", false
	}
	email := strings.ToLower(entered)
	local, domain, ok := strings.Cut(email, "@")
	if !ok || len(local) > maxLocal || !strings.Contains(domain, ".") {
		return "", false
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || !allIn(atom, letters+"!#$%&'*+-/=?^_`{|}~") {
			return "", false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || !allIn(label, letters+"-") || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return email, true
}

func allIn(s, chars string) bool { return strings.Trim(s, chars) == "" }
