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

// Bounds of an entry's text, bytes.
const (
	MaxObject  = 64
	MaxDetail  = 256
	MaxRequest = 64
)

// Kind is what an act was done to.
type Kind string

// The kinds of objects.
const (
	Credential  Kind = "credential" // its serial
	Application Kind = "application"
	Account     Kind = "account"
	Passenger   Kind = "passenger"
	Ticket      Kind = "ticket"
	SigningKey  Kind = "key"     // its number
	Subject     Kind = "subject" // the pseudonym that codes carry
	Stream      Kind = "stream"  // what all gateways are told
	AuditLog    Kind = "audit_log"
	Lock        Kind = "lock" // what failures are counted by, under a keyed hash
	PaperProof  Kind = "paper_proof"
	Database    Kind = "database" // the issuer's, as a whole
)

// Kinds lists the closed list.
func Kinds() []Kind {
	return []Kind{Credential, Application, Account, Passenger, Ticket, SigningKey, Subject, Stream, AuditLog, Lock, PaperProof, Database}
}

// Object is what an act was done to: by an id of ours, never by a document
// number, a name or a contact.
type Object struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"` // 1 to 64 of letters, digits and "_.:-"
}

// Serial is a credential as an object.
func Serial(s tokens.Serial) Object { return Object{Credential, s.String()} }

// Key is a signing key as an object.
func Key(id tokens.KeyID) Object { return Object{SigningKey, strconv.Itoa(int(id))} }

// Entry is one act.
type Entry struct {
	AtMs   int64        `json:"at_ms"` // of the act, Unix ms
	Who    string       `json:"who"`   // a credential's name, or of who typed a command; see staff.CheckName
	Role   staff.Role   `json:"role"`  // that the act was done in
	Action staff.Action `json:"action"`
	Object Object       `json:"object"`
	// Detail is the reason or what else matters, at most 256 bytes; nothing personal.
	Detail string `json:"detail,omitempty"`
	// Request is the id of the request; empty for commands and timers.
	Request string `json:"request,omitempty"`
}

// By begins the entry of a member's act. It refuses, as Member.May does, what
// none of the member's roles may do; nothing else needs to ask.
func By(m staff.Member, a staff.Action, o Object, atMs int64) (Entry, error) {
	role, err := m.As(a)
	if err != nil {
		return Entry{}, err
	}
	return Entry{AtMs: atMs, Who: m.Name(), Role: role, Action: a, Object: o}, nil
}

// ErrEntry is an entry that the trail does not take: a slip of the program, since
// what comes from outside is checked before.
var ErrEntry = errors.New("audit: not an entry")

// Append writes an entry in the transaction of the act itself, with the proof that an
// issuer wrote it. If it fails, the act must fail: a nil Trail fails as well.
func (t *Log) Append(ctx context.Context, tx *sql.Tx, e Entry) error {
	if t == nil {
		return errNoTrail
	}
	if err := e.check(); err != nil {
		return err
	}
	head, err := t.seenHead(ctx, tx)
	if err != nil {
		return err
	}
	return database.InsertMany(ctx, tx, insertEntries, [][]any{t.row(&e, head)})
}

const insertEntries = `INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request, proof)`

// row is an entry with its proof.
func (t *Log) row(e *Entry, head int64) []any {
	proof := t.prove(e, head, newNonce())
	return []any{e.AtMs, e.Who, string(e.Role), string(e.Action), string(e.Object.Kind), e.Object.ID, e.Detail, e.Request, proof[:]}
}

// Note writes an entry that has no other change to stand beside, such as that
// something was read.
func (t *Log) Note(ctx context.Context, e Entry) error {
	if t == nil {
		return errNoTrail
	}
	if err := e.check(); err != nil {
		return err // before it joins other entries, which must not fail with it
	}
	return t.notes.Do(ctx, &e)
}

// noteTogether writes entries that were noted at the same moment in one transaction:
// they share its write to disk.
func (t *Log) noteTogether(ctx context.Context, entries []*Entry) error {
	return t.db.Change(ctx, "write to the audit log", func(ctx context.Context, tx *sql.Tx) error {
		ctx = t.db.Brief(ctx)
		head, err := t.seenHead(ctx, tx)
		if err != nil {
			return err
		}
		rows := make([][]any, len(entries))
		for i, e := range entries {
			rows[i] = t.row(e, head)
		}
		return database.InsertMany(ctx, tx, insertEntries, rows)
	})
}

var errNoTrail = errors.New("audit: no trail to write to: a mistake of the program")

// check never repeats what it refuses.
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
		return wrong("object or detail bears what looks like a resident ID number")
	}
	return nil
}

func (o Object) check() error {
	if !slices.Contains(Kinds(), o.Kind) {
		return errors.New("the kind of object is not known")
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

// showsNumber finds words in the form of a resident ID number: 17 digits and one
// more or an X. It catches a slip; it does not make free text safe.
func showsNumber(text string) bool {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !alnum(r) }) {
		if len(word) == 18 && strings.Trim(word[:17], "0123456789") == "" && strings.ContainsAny(word[17:], "0123456789Xx") {
			return true
		}
	}
	return false
}
