package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// Scanned is a code that staff scanned, and the purpose.
type Scanned struct {
	Text    string // as scanned
	Purpose staff.Purpose
	Request string
}

// Identified is the person of a valid code. It is personal data.
type Identified struct {
	Serial      tokens.Serial
	Scopes      tokens.Scopes
	SecondsLeft int64
	Name        string // as it was entered
	Document    identity.DocumentType
	Number      string
}

// Masked is the number as staff compare it with a document: the first and the last four
// characters.
func (i Identified) Masked() string {
	if len(i.Number) < 9 {
		return strings.Repeat("*", len(i.Number))
	}
	return i.Number[:4] + strings.Repeat("*", len(i.Number)-8) + i.Number[len(i.Number)-4:]
}

// Format keeps the value out of logs and error texts, with every verb.
func (Identified) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// CodeError is the reason why a code was refused.
type CodeError struct{ Reason tokens.Reason }

func (e *CodeError) Error() string { return "code refused: " + e.Reason.String() }

// IdentifyCode verifies a code completely, with this issuer's database and clock
// (docs/token-format.md, section 10), and returns its person. A refused code is a
// *CodeError. In addition to the checks of gateways, the credential and the session must
// be in this database: a pass made with a stolen key identifies no person. Each judged code
// is in the audit log, with its result, before anything is returned; a call beyond its
// credential's purposes or budget is not recorded.
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
	var is databaseFacts
	if reason == tokens.ReasonOK {
		entry.Object = audit.Serial(code.Serial())
		if is, err = s.Store.readFacts(ctx, &code); err != nil {
			return Identified{}, err
		}
		if reason, err = s.judge(&code, &is, now.Unix(), scanned.Purpose.Scope()); err != nil {
			return Identified{}, err
		}
	}
	known := is.credential != nil && is.opened
	result := reason.String()
	if reason == tokens.ReasonOK && !known {
		result = string(CredentialNotFound)
	}
	entry.Detail, entry.Request = string(scanned.Purpose)+": "+result, scanned.Request
	if err := s.AuditLog.Note(ctx, entry); err != nil {
		return Identified{}, err
	}
	s.metrics.identified(reason, known)
	switch {
	case reason != tokens.ReasonOK:
		return Identified{}, &CodeError{reason}
	case !known:
		return Identified{}, problem.New(CredentialNotFound, "the code is signed, but this issuer has no such credential or session: it was erased, or the code was made with a stolen key")
	}
	p, err := s.openIdentity(&is.application)
	if err != nil {
		return Identified{}, err
	}
	return Identified{
		Serial: code.Serial(), Scopes: code.Scopes(), SecondsLeft: code.SecondsLeft(now.Unix()),
		Name: p.Name, Document: p.Document, Number: p.Number,
	}, nil
}

// TakeIdentification takes one from the budget of persons that a staff credential may learn.
// It bounds identifications, and the other way to a person: a window that looks up checked
// registry entries by document number, to correct them.
func (s *Service) TakeIdentification(by staff.Member) error {
	err := s.identifications.Spend(by.Name(), 1)
	if err != nil {
		s.metrics.identifications.WithLabelValues("budget").Inc()
	}
	return err
}

// unreadCode replaces the serial in the audit log if the scanned text is not a code.
const unreadCode = "unread"

// databaseFacts is what this database has on a code: the rules that gateways learn from the
// stream, read at their source.
type databaseFacts struct {
	key keyring.Trusted
	// subjectCutoff is the earliest session start that is valid for the subject.
	subjectCutoff int64
	application   Application
	credential    *Credential // nil: the serial is not in this database
	opened        bool        // a session of the credential started in that second
	closed        bool        // and was closed
}

// readFacts reads all of it.
func (s *Store) readFacts(ctx context.Context, code *tokens.Token) (t databaseFacts, err error) {
	serial, subject := code.Serial(), code.Subject()
	day, index := int64(serial.Day), int64(serial.Index)
	err = s.db.View(ctx, "verify a code", func(ctx context.Context, q database.Queries) error {
		ctx = s.db.Brief(ctx)
		if t.key, err = keyring.TrustedFor(ctx, q, code.KeyID(), serial); err != nil {
			return err
		}
		err := q.QueryRowContext(ctx, `SELECT cut_off FROM subject_cutoffs WHERE subject = $1`, subject[:]).Scan(&t.subjectCutoff)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		t.application, t.credential, err = scanApplication(q.QueryRowContext(ctx,
			`SELECT `+applicationColumns+` FROM credentials c JOIN applications a ON a.id = c.application WHERE c.day = $1 AND c.idx = $2`, day, index))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT COUNT(*) > 0, COUNT(closed_ms) > 0 FROM sessions WHERE application = $1 AND start_ms / 1000 = $2`,
			t.application.ID, code.Start()).Scan(&t.opened, &t.closed)
	})
	return t, err
}

// judge runs the checker that gateways use, with the database's facts.
func (s *Service) judge(code *tokens.Token, truth *databaseFacts, now int64, scope tokens.Scope) (tokens.Reason, error) {
	keys := &tokens.KeySet{}
	if truth.key.Public != nil {
		key, err := s.verifier(code.KeyID(), truth.key.Public)
		if err != nil {
			return tokens.ReasonInternal, err
		}
		key.Cutoff = truth.key.Cutoff
		if truth.key.Exempt {
			key.Exempted = everySerial{}
		}
		if keys, err = tokens.NewKeySet(key); err != nil {
			return tokens.ReasonInternal, fmt.Errorf("issuance: key %d: %w", code.KeyID(), err)
		}
	}
	checker := tokens.Checker{Keys: keys, Revocations: factRevocations{truth}}
	return checker.Check(code, now, scope), nil
}

// verifier is a prepared key. Each is prepared once: an id is never bound to another public
// key.
func (s *Service) verifier(id tokens.KeyID, public []byte) (tokens.Key, error) {
	if known, ok := s.verifiers.Load(id); ok && string(known.(*tokens.Key).Public[:]) == string(public) {
		return *known.(*tokens.Key), nil
	}
	key := &tokens.Key{ID: id, Cutoff: tokens.Never}
	if copy(key.Public[:], public) != len(key.Public) {
		return tokens.Key{}, fmt.Errorf("issuance: key %d has another size than was written", id)
	}
	if err := key.Prepare(false); err != nil {
		return tokens.Key{}, fmt.Errorf("issuance: key %d: %w", id, err)
	}
	s.verifiers.Store(id, key)
	return *key, nil
}

// factRevocations implements tokens.Revocations for the one code of the facts.
type factRevocations struct{ truth *databaseFacts }

func (c factRevocations) Revoked(tokens.Serial) bool {
	has := c.truth.credential
	return has != nil && (has.Revoked != 0 || has.Superseded)
}
func (c factRevocations) Cutoff(tokens.Subject) int64             { return c.truth.subjectCutoff }
func (c factRevocations) Closed(tokens.Serial, int64, int64) bool { return c.truth.closed }

// everySerial contains every serial.
type everySerial struct{}

func (everySerial) Has(tokens.Serial) bool { return true }

// LookUp returns to staff the status of a credential, and nothing about its person: neither
// the application nor its time. The request is in the audit log before anything is returned.
func (s *Service) LookUp(ctx context.Context, by staff.Member, serial, request string) (ApplicationView, error) {
	now := s.Now()
	entry, err := audit.By(by, staff.LookUpCredential, audit.Object{}, now.UnixMilli())
	if err != nil {
		return ApplicationView{}, err
	}
	id, err := tokens.ParseSerial(serial)
	if err != nil || id.Index >= IndexEnd {
		return ApplicationView{}, errNoCredential
	}
	c, err := s.Store.Credential(ctx, id)
	if errors.Is(err, database.ErrNotFound) {
		return ApplicationView{}, errNoCredential
	}
	if err != nil {
		return ApplicationView{}, err
	}
	entry.Object, entry.Request = audit.Serial(id), request
	if err := s.AuditLog.Note(ctx, entry); err != nil {
		return ApplicationView{}, err
	}
	return viewOf(&Application{}, c, now), nil
}
