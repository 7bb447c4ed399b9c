package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// Maximum lengths of an entry's texts, bytes.
const (
	MaxObject  = 64
	MaxDetail  = 256
	MaxRequest = 64
)

// Kind is the kind of an object.
type Kind string

// The kinds of objects.
const (
	Credential  Kind = "credential" // a serial
	Application Kind = "application"
	Account     Kind = "account"
	Passenger   Kind = "passenger"
	Ticket      Kind = "ticket"
	SigningKey  Kind = "key"     // a key number
	Gateway     Kind = "gateway" // the id of a gateway
	Station     Kind = "station" // revocation.Station as 16 hex digits; zeros: every station
	Subject     Kind = "subject" // a pseudonym in codes
	Stream      Kind = "stream"  // the control stream
	AuditLog    Kind = "audit_log"
	Lock        Kind = "lock" // a lockout key, as a keyed hash
	PaperProof  Kind = "paper_proof"
	Database    Kind = "database" // the issuer's whole database
)

// formerAuditLog is the kind of AuditLog in entries of earlier versions. The chain covers the kind and the
// action of an entry, so old entries keep their words, such as the action cut_off_key.
const formerAuditLog Kind = "trail"

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Credential, Application, Account, Passenger, Ticket, SigningKey, Gateway, Station, Subject, Stream, AuditLog, Lock, PaperProof, Database}
}

// Object is the object of an action, identified by an internal id and never by a document number, a name or a
// contact.
type Object struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"` // 1 to 64 of letters, digits and "_.:-"
}

// Serial returns a credential as an object.
func Serial(s tokens.Serial) Object { return Object{Credential, s.String()} }

// Key returns a signing key as an object.
func Key(id tokens.KeyID) Object { return Object{SigningKey, strconv.Itoa(int(id))} }

// Entry is one action.
type Entry struct {
	AtMs   int64        `json:"at_ms"` // time of the action, Unix ms
	Who    string       `json:"who"`   // name of a credential, or of an operator's post; see [staff.CheckName]
	Role   staff.Role   `json:"role"`  // role of the actor in this action
	Action staff.Action `json:"action"`
	Object Object       `json:"object"`
	// Detail is the reason or further facts, at most 256 bytes; no personal data.
	Detail string `json:"detail,omitempty"`
	// Request is the id of the HTTP request; empty for commands and timers.
	Request string `json:"request,omitempty"`
}

// By makes the entry of a member's action. It checks the permission as [staff.Member.May] does; callers need no
// further check.
func By(m staff.Member, a staff.Action, o Object, atMs int64) (Entry, error) {
	role, err := m.As(a)
	if err != nil {
		return Entry{}, err
	}
	return Entry{AtMs: atMs, Who: m.Name(), Role: role, Action: a, Object: o}, nil
}

// ErrEntry is an invalid entry. It is a mistake of the program: input from outside is checked before.
var ErrEntry = errors.New("audit: invalid entry")

// Append writes an entry in the transaction of the action, with a proof that an issuer wrote it. If it fails,
// the action must fail. A nil Log fails, too.
func (l *Log) Append(ctx context.Context, tx *sql.Tx, e Entry) error {
	if l == nil {
		return errNoLog
	}
	if err := e.check(); err != nil {
		return err
	}
	head, err := l.seenHead(ctx, tx)
	if err != nil {
		return err
	}
	return database.InsertMany(ctx, tx, insertEntries, [][]any{l.row(&e, head)})
}

const insertEntries = `INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request, proof)`

// row returns the column values of an entry, with its proof.
func (l *Log) row(e *Entry, head int64) []any {
	proof := l.prove(e, head, newNonce())
	return []any{e.AtMs, e.Who, string(e.Role), string(e.Action), string(e.Object.Kind), e.Object.ID, e.Detail, e.Request, proof[:]}
}

// Note writes an entry for an action without a change of its own, such as a read.
func (l *Log) Note(ctx context.Context, e Entry) error {
	if l == nil {
		return errNoLog
	}
	if err := e.check(); err != nil {
		return err // checked first: other entries of the batch must not fail with it
	}
	return l.notes.Do(ctx, &e)
}

// noteBatch writes concurrent entries in one transaction: they share one write to disk.
func (l *Log) noteBatch(ctx context.Context, entries []*Entry) error {
	return l.db.Change(ctx, "write to the audit log", func(ctx context.Context, tx *sql.Tx) error {
		ctx = l.db.Brief(ctx)
		head, err := l.seenHead(ctx, tx)
		if err != nil {
			return err
		}
		rows := make([][]any, len(entries))
		for i, e := range entries {
			rows[i] = l.row(e, head)
		}
		return database.InsertMany(ctx, tx, insertEntries, rows)
	})
}

var errNoLog = errors.New("audit: no audit log is configured: a mistake of the program")

// check reports a fault of the entry. The error never repeats the wrong value.
func (e *Entry) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrEntry, fmt.Sprintf(format, args...))
	}
	switch {
	case e.AtMs <= 0:
		return wrong("at_ms must be a time after 1970")
	case staff.CheckName(e.Who) != nil:
		return wrong("who: %v", staff.CheckName(e.Who))
	case e.Role != staff.Program && !slices.Contains(staff.Roles(), e.Role):
		return wrong("role is not one of package staff")
	case !slices.Contains(staff.Actions(), e.Action):
		return wrong("action is not one of package staff")
	case e.Object.check() != nil:
		return wrong("%v", e.Object.check())
	case len(e.Detail) > MaxDetail || !utf8.ValidString(e.Detail) || strings.ContainsFunc(e.Detail, unicode.IsControl):
		return wrong("detail must be at most %d bytes of UTF-8 without control characters", MaxDetail)
	case len(e.Request) > MaxRequest || strings.ContainsFunc(e.Request, func(r rune) bool { return r <= ' ' || r > '~' }):
		return wrong("request must be at most %d visible ASCII characters", MaxRequest)
	case showsNumber(e.Object.ID) || showsNumber(e.Detail):
		return wrong("object or detail contains a word with the form of a resident ID number")
	}
	return nil
}

func (o Object) check() error {
	if !slices.Contains(Kinds(), o.Kind) {
		return errors.New("the object's kind is unknown")
	}
	if !isID(o.ID) {
		return fmt.Errorf(`the object's id must be 1 to %d of letters, digits and "_.:-"`, MaxObject)
	}
	return nil
}

func isID(text string) bool {
	return text != "" && len(text) <= MaxObject &&
		!strings.ContainsFunc(text, func(r rune) bool { return !alnum(r) && !strings.ContainsRune("_.:-", r) })
}

func alnum(r rune) bool { return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// showsNumber reports words with the form of a resident ID number: 17 digits and a digit or an X. It catches
// mistakes; it does not make free text safe.
func showsNumber(text string) bool {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !alnum(r) }) {
		if len(word) == 18 && strings.Trim(word[:17], "0123456789") == "" && strings.ContainsAny(word[17:], "0123456789Xx") {
			return true
		}
	}
	return false
}
