package registry

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/throttle"
)

// PersonalData is everything that the registry holds about an account, opened (rule B12).
// Besides it there are keyed hashes: of the documents, and of the tickets'
// references. What staff did is in the audit log.
type PersonalData struct {
	Own          Own
	FailedProofs throttle.LockState // about the holder's document (rule B1)
	Passengers   []PassengerData
	Tickets      []TicketData
}

// PassengerData is a line of the list.
type PassengerData struct {
	Line
	FailedProofs throttle.LockState
}

// TicketData is a ticket that the account bought, or had changed.
type TicketData struct {
	Passenger  string // empty: the holder
	State      TicketState
	ReportedAt time.Time // when it came to be known
	Ends       time.Time
	Itinerary  // zero: reported before tickets had one
}

// PersonalData tells the holder what is held.
func (s *Store) PersonalData(ctx context.Context, by account.Holder) (PersonalData, error) {
	return view(ctx, s, "read what is held", func(ctx context.Context, q database.Queries) (held PersonalData, err error) {
		l, err := s.readList(ctx, q, by.Account())
		if err != nil {
			return held, err
		}
		held.Own = l.Own
		if held.FailedProofs, err = s.failedProofs(ctx, q, Ref{Account: by.Account()}, l.Own.Person); err != nil {
			return held, err
		}
		for _, line := range l.Passengers {
			failed, err := s.failedProofs(ctx, q, Ref{by.Account(), line.ID}, line.Person)
			if err != nil {
				return held, err
			}
			held.Passengers = append(held.Passengers, PassengerData{line, failed})
		}
		held.Tickets, err = database.All(ctx, q, func(rows *sql.Rows, d *TicketData) error {
			var t ticketRow
			var reported database.Millis
			if err := t.scan(rows, &reported); err != nil {
				return err
			}
			i, err := s.openItinerary(t.id, t.itinerary)
			*d = TicketData{t.passenger, t.now(), reported.Time(), t.ends.Time(), i}
			return err
		}, `SELECT `+ticketColumns+`, reported_ms FROM tickets WHERE account = $1 ORDER BY reported_ms, ends_ms, reference`, by.Account())
		return held, err
	})
}

// failedProofs are the guesses about an entry's document, and the verdicts of
// agencies that the entry does not match.
func (s *Store) failedProofs(ctx context.Context, q database.Queries, r Ref, p identity.Person) (throttle.LockState, error) {
	all, err := s.Lockout.LockState(ctx, q, s.proofKey(p))
	if err != nil {
		return throttle.LockState{}, err
	}
	mismatches, err := s.Lockout.LockState(ctx, q, s.mismatchKey(r))
	all.Failures += mismatches.Failures
	all.Locks += mismatches.Locks
	all.LockedUntil = max(all.LockedUntil, mismatches.LockedUntil)
	return all, err
}

// sweepBatch is how many rows one transaction of Sweep deletes.
const sweepBatch = 500

// Swept is what a Sweep deleted.
type Swept struct {
	Tickets    int // TicketKept after their journey
	Identities int // of closed accounts, that are free again
}

// Sweep deletes what has done its duty, in small transactions, until all is done
// or ctx ends. Several issuers may sweep at once.
func (s *Store) Sweep(ctx context.Context, now time.Time) (swept Swept, err error) {
	swept.Tickets, err = s.Database.DeleteOld(ctx, "tickets", "reference", "ends_ms", now.Add(-TicketKept), sweepBatch)
	if err == nil {
		swept.Identities, err = s.Database.DeleteOld(ctx, "identities", "person", "until_ms", now, sweepBatch)
	}
	return swept, err
}
