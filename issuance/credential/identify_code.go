package credential

import (
	"context"
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/tokens"
)

// Scanned is a code that staff scanned, and what for.
type Scanned struct {
	Text    string // as it was read
	Purpose staff.Purpose
	Request string
}

// Identified is the person of a code that is good. It is personal data.
type Identified struct {
	Serial      tokens.Serial
	Scopes      tokens.Scopes
	SecondsLeft int64
	Name        string // as it was entered
	Document    identity.DocumentType
	Number      string
}

// Masked is the number as staff compare it with a document: the first four and the
// last four characters.
func (i Identified) Masked() string {
	if len(i.Number) < 9 {
		return strings.Repeat("*", len(i.Number))
	}
	return i.Number[:4] + strings.Repeat("*", len(i.Number)-8) + i.Number[len(i.Number)-4:]
}

// Format keeps it out of logs and error texts, under every verb.
func (Identified) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// CodeError is why a code was not accepted.
type CodeError struct{ Reason tokens.Reason }

func (e *CodeError) Error() string { return "code refused: " + e.Reason.String() }

// IdentifyCode verifies a code in full, by this issuer's own database and clock
// (docs/token-format.md, section 10), and tells who its person is. A code that is
// not accepted is a *CodeError. Besides what gateways check, the credential and the
// session must be in this database: a pass made with a stolen key identifies no person.
// Each code that is judged is in the audit log, with its result, before anything is told;
// a call beyond its credential's purposes or budget is not noted.
func (s *Service) IdentifyCode(ctx context.Context, by staff.Member, scanned Scanned) (who Identified, err error) {
	now := s.Now()
	entry, err := audit.By(by, staff.Identify, audit.Object{Kind: audit.Credential, ID: unreadCode}, now.UnixMilli())
	if err != nil {
		return Identified{}, err
	}
	if err := by.For(scanned.Purpose); err != nil {
		return Identified{}, err
	}
	if err := s.TakeIdentification(by); err != nil {
		return Identified{}, err
	}
	var code tokens.Token
	reason := code.ParseText([]byte(scanned.Text))
	var truth store.Truth
	if reason == tokens.ReasonOK {
		entry.Object = audit.Serial(code.Serial())
		if truth, err = s.Store.Truth(ctx, code.KeyID(), code.Serial(), code.Subject(), code.Start()); err != nil {
			return Identified{}, err
		}
		if reason, err = s.judge(&code, &truth, now.Unix(), scanned.Purpose.Scope()); err != nil {
			return Identified{}, err
		}
	}
	known := truth.Credential != nil && truth.Opened
	result := reason.String()
	if reason == tokens.ReasonOK && !known {
		result = string(CredentialNotFound)
	}
	entry.Detail, entry.Request = string(scanned.Purpose)+": "+result, scanned.Request
	if err := s.Trail.Note(ctx, entry); err != nil {
		return Identified{}, err
	}
	s.metrics.identified(reason, known)
	switch {
	case reason != tokens.ReasonOK:
		return Identified{}, &CodeError{reason}
	case !known:
		return Identified{}, problem.New(CredentialNotFound, "the code is signed, and this issuer has no such credential or session: it was erased, or the code was made with a stolen key")
	}
	p, err := s.person(&truth.Application)
	if err != nil {
		return Identified{}, err
	}
	return Identified{
		Serial: code.Serial(), Scopes: code.Scopes(), SecondsLeft: code.SecondsLeft(now.Unix()),
		Name: p.Name, Document: p.Document, Number: p.Number,
	}, nil
}

// TakeIdentification takes one from what a credential may learn of persons. Besides
// identifications it bounds the other way to a person: a window looks for checked entries
// by document number, to correct them.
func (s *Service) TakeIdentification(by staff.Member) error {
	err := s.identifications.Take(by.Name(), 1)
	if err != nil {
		s.metrics.identifications.WithLabelValues("budget").Inc()
	}
	return err
}

// unreadCode replaces the serial in the audit log if the scanned text is no code.
const unreadCode = "unread"

// judge asks the one checker that gateways ask, with what the database says.
func (s *Service) judge(code *tokens.Token, truth *store.Truth, now int64, scope tokens.Scope) (tokens.Reason, error) {
	keys := &tokens.KeySet{}
	if truth.Public != nil {
		key, err := s.verifier(code.KeyID(), truth.Public)
		if err != nil {
			return tokens.ReasonInternal, err
		}
		key.CutOff = truth.CutOff
		if truth.Rescued {
			key.Rescued = all{}
		}
		if keys, err = tokens.NewKeySet(key); err != nil {
			return tokens.ReasonInternal, fmt.Errorf("issuance: key %d: %w", code.KeyID(), err)
		}
	}
	checker := tokens.Checker{Keys: keys, Revocations: claims{truth}}
	return checker.Check(code, now, scope), nil
}

// verifier is a key that is ready to verify. One is prepared once: an id is never
// bound to another public key.
func (s *Service) verifier(id tokens.KeyID, public []byte) (tokens.Key, error) {
	if known, ok := s.verifiers.Load(id); ok && string(known.(*tokens.Key).Public[:]) == string(public) {
		return *known.(*tokens.Key), nil
	}
	key := &tokens.Key{ID: id, CutOff: tokens.Never}
	if copy(key.Public[:], public) != len(key.Public) {
		return tokens.Key{}, fmt.Errorf("issuance: key %d has another size than was written", id)
	}
	if err := key.Prepare(false); err != nil {
		return tokens.Key{}, fmt.Errorf("issuance: key %d: %w", id, err)
	}
	s.verifiers.Store(id, key)
	return *key, nil
}

// claims are the Revocations of the one code that the truth was asked for.
type claims struct{ truth *store.Truth }

func (c claims) Revoked(tokens.Serial) bool {
	has := c.truth.Credential
	return has != nil && (has.RevokedMs != 0 || has.Superseded)
}
func (c claims) CutOff(tokens.Subject) int64             { return c.truth.SubjectCutOff }
func (c claims) Closed(tokens.Serial, int64, int64) bool { return c.truth.Closed }

// all is the set of the one serial that was asked for.
type all struct{}

func (all) Has(tokens.Serial) bool { return true }

// newTakes bounds what one credential learns.
func newTakes(c *Config) (identifications, subjects *throttle.Takes, err error) {
	identifications, err = throttle.NewTakes(c.Identifications, staff.IdentificationsSpent, "this credential has identified as many passengers as it may", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	subjects, err = throttle.NewTakes(c.Subjects, staff.SubjectsSpent, "this credential has asked for as many pseudonyms as it may today", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	return identifications, subjects, nil
}
