package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Bounds of a request for pseudonyms. The numbers are our choice.
const (
	// MaxSubjects is the number of persons in one request.
	MaxSubjects = 1000
	// SubjectDaysBack covers a code that was scanned offline and is asked about a day
	// later; SubjectDaysAhead covers the tickets on sale.
	SubjectDaysBack  = 2
	SubjectDaysAhead = 31
)

// Carried is the document that a person on a list carries.
type Carried struct{ Type, Number string }

// Subjects returns to a ticketing system the pseudonyms that verdicts of a day carry, in the
// order of the persons (docs/token-format.md, section 5). A day is the number before the
// hyphen of a verdict's serial. Only resident ID cards have temporary IDs. An invalid person
// fails the request; the error has the index. The audit log gets the day and the number of
// persons.
func (s *Service) Subjects(ctx context.Context, by staff.Member, day int64, persons []Carried, request string) ([]tokens.Subject, error) {
	now := s.Now()
	entry, err := audit.By(by, staff.DeriveSubjects, audit.Object{}, now.UnixMilli())
	if err != nil {
		return nil, err
	}
	if len(persons) < 1 || len(persons) > MaxSubjects {
		return nil, problem.New(SubjectsInvalid, fmt.Sprintf("persons must be 1 to %d", MaxSubjects))
	}
	if today := tokens.DayOf(now.Unix()); day < today-SubjectDaysBack || day > today+SubjectDaysAhead {
		return nil, problem.New(SubjectsInvalid, fmt.Sprintf("day must be %d days back to %d days ahead of today, which is %d", SubjectDaysBack, SubjectDaysAhead, today))
	}
	numbers, err := residentNumbers(persons, now)
	if err != nil {
		return nil, err
	}
	if err := s.subjects.Spend(by.Name(), len(persons)); err != nil {
		s.metrics.subjects.WithLabelValues("refused").Add(float64(len(persons)))
		return nil, err
	}
	entry.Object = audit.Object{Kind: audit.Subject, ID: strconv.FormatInt(day, 10)}
	entry.Detail, entry.Request = strconv.Itoa(len(persons))+" persons", request
	if err := s.AuditLog.Note(ctx, entry); err != nil {
		return nil, err
	}
	s.metrics.subjects.WithLabelValues("told").Add(float64(len(persons)))
	return s.vault.Subjects(uint16(day), identity.ResidentID, numbers), nil
}

// residentNumbers checks the persons. An error names the index only.
func residentNumbers(persons []Carried, now time.Time) ([]string, error) {
	numbers := make([]string, len(persons))
	for i, p := range persons {
		if p.Type != identity.ResidentID.String() {
			return nil, problem.New(SubjectsInvalid, fmt.Sprintf("persons[%d]: only a document of type resident_id has temporary IDs", i))
		}
		var err error
		if numbers[i], err = identity.ReadNumber(identity.ResidentID, p.Number, now); err != nil {
			return nil, problem.New(SubjectsInvalid, fmt.Sprintf("persons[%d]: %v", i, err))
		}
	}
	return numbers, nil
}

// SubjectLead bounds how far a subject's cutoff may be ahead of now: for longer, revoke the
// person's credentials.
const SubjectLead = 24 * time.Hour

// Why a subject's cutoff is refused.
var (
	ErrTooFar    = errors.New("credential: a subject's cutoff may be at most 24 hours ahead")
	ErrNoSession = errors.New("credential: every session that began before this cutoff is over already")
)

// SubjectCutoff ends a passenger's sessions: those that start before Before are refused,
// whichever credential they belong to.
type SubjectCutoff struct {
	Subject tokens.Subject
	Before  int64  // Unix seconds
	Who     string // gives the command; see staff.CheckName
	At      database.Millis
}

// RevokeSubject stores a subject's cutoff and enqueues its record. A cutoff only ever moves
// to a later time; a repetition changes nothing, as changed reports.
func (s *Store) RevokeSubject(ctx context.Context, c SubjectCutoff) (changed bool, err error) {
	switch before := database.SecondsAt(c.Before); {
	case before > c.At.Add(SubjectLead):
		return false, ErrTooFar
	case before <= c.At.Add(-keyring.SessionOver):
		return false, ErrNoSession
	}
	err = s.db.Change(ctx, "revoke subject", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `
			INSERT INTO subject_cutoffs (subject, cut_off, at_ms) VALUES ($1, $2, $3)
			ON CONFLICT (subject) DO UPDATE SET cut_off = excluded.cut_off, at_ms = excluded.at_ms
			WHERE excluded.cut_off > subject_cutoffs.cut_off`, c.Subject[:], c.Before, c.At)
		if changed = n == 1; err != nil || !changed {
			return err
		}
		err = s.outbox.Enqueue(ctx, tx, revocation.Record{Kind: revocation.KindRevokeSubject, At: int64(c.At), Subject: c.Subject, Cutoff: c.Before})
		if err != nil {
			return err
		}
		return s.auditLog.Append(ctx, tx, audit.Entry{AtMs: int64(c.At), Who: c.Who, Role: staff.Operator, Action: staff.RevokeSubject,
			Object: audit.Object{Kind: audit.Subject, ID: c.Subject.String()}, Detail: "before " + database.SecondsAt(c.Before).String()})
	})
	return changed && err == nil, err
}
