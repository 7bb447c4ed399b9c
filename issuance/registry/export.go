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

// PersonalData is everything that the registry stores about an account, decrypted (rule B12). It
// omits keyed hashes of documents and ticket references. Actions of staff are in the audit log.
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

// TicketData is a ticket that the account bought or had changed.
type TicketData struct {
	Passenger  string // empty: the holder
	State      TicketState
	ReportedAt time.Time // time of the first report
	Ends       time.Time
	Itinerary  // zero: reported before tickets had one
}

// PersonalData exports the holder's personal data.
func (s *Store) PersonalData(ctx context.Context, by account.Holder) (PersonalData, error) {
	return viewForHolder(ctx, s, "read personal data", func(ctx context.Context, q database.Queries) (data PersonalData, err error) {
		l, err := s.readList(ctx, q, by.Account())
		if err != nil {
			return data, err
		}
		data.Own = l.Own
		if data.FailedProofs, err = s.failedProofs(ctx, q, Ref{Account: by.Account()}, l.Own.Person); err != nil {
			return data, err
		}
		for _, line := range l.Passengers {
			failed, err := s.failedProofs(ctx, q, Ref{by.Account(), line.ID}, line.Person)
			if err != nil {
				return data, err
			}
			data.Passengers = append(data.Passengers, PassengerData{line, failed})
		}
		data.Tickets, err = database.All(ctx, q, func(rows *sql.Rows, d *TicketData) error {
			var t ticketRow
			var reported database.Millis
			if err := t.scan(rows, &reported); err != nil {
				return err
			}
			i, err := s.decryptItinerary(t.id, t.itinerary)
			*d = TicketData{t.passenger, t.reportedState(), reported.Time(), t.ends.Time(), i}
			return err
		}, `SELECT `+ticketColumns+`, reported_ms FROM tickets WHERE account = $1 ORDER BY reported_ms, ends_ms, reference`, by.Account())
		return data, err
	})
}

// failedProofs sums the wrong proofs for an entry's document and the agencies' verdicts that the
// entry does not match.
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

// sweepBatch bounds the rows that one transaction of [Store.Sweep] deletes.
const sweepBatch = 500

// Swept counts what a [Store.Sweep] deleted.
type Swept struct {
	Tickets    int // older than TicketKept after their journey
	Identities int // of closed accounts, now free
}

// Sweep deletes expired rows in small transactions, until done or until ctx ends. Several issuers
// may sweep concurrently.
func (s *Store) Sweep(ctx context.Context, now time.Time) (swept Swept, err error) {
	swept.Tickets, err = s.Database.DeleteOld(ctx, "tickets", "reference", "ends_ms", now.Add(-TicketKept), sweepBatch)
	if err == nil {
		swept.Identities, err = s.Database.DeleteOld(ctx, "identities", "person", "until_ms", now, sweepBatch)
	}
	return swept, err
}
