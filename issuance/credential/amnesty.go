package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// AmnestyReasons are why an amnesty may be declared.
func AmnestyReasons() []string { return []string{"evacuation", "crowding", "gate_fault", "drill"} }

// EveryStation is the name that stands for all stations in an amnesty.
const EveryStation = "*"

// Bounds of an amnesty, our choice: a mistake ends after two days, and a plan for a holiday
// can be entered a week before. It may begin in the past, because handhelds report scans of
// the last 24 hours.
const (
	MaxAmnesty         = revocation.MaxAmnesty * time.Second
	AmnestyLead        = 7 * 24 * time.Hour // how far ahead of now it may begin
	AmnestyBack        = 24 * time.Hour     // how long before now it may have begun
	MaxAmnestyStations = 64                 // in one declaration

	maxStationName = 64 // bytes, as in passages
	// maxAmnesties bounds those for named stations that gateways keep. An operator's amnesty
	// for every station must always find room there.
	maxAmnesties = revocation.MaxAmnesties - 96
)

// amnestyAllowance bounds the stations for which one staff credential declares amnesties.
// Our choice: one declaration a minute; a stolen credential reaches few stations before its
// entry is removed.
var amnestyAllowance = throttle.Allowance{Minute: MaxAmnestyStations, Day: 4 * MaxAmnestyStations}

// Amnesty is a time in which gates of stations neither need nor record passages.
type Amnesty struct {
	Scopes   []string // entry, exit or both
	Stations []string // names as in the gateways' settings, or EveryStation alone
	From     int64    // Unix seconds; 0: now
	Until    int64    // Unix seconds, exclusive
	Reason   string   // one of AmnestyReasons
}

// Declared is an accepted amnesty. AtMs, Unix ms, is when it was accepted.
type Declared struct{ AtMs, From, Until int64 }

// DeclareAmnesty declares an amnesty. When it returns, the records for the gateways are
// durably enqueued. A repetition with the same times changes nothing, and is refused if one of
// these amnesties was ended early, see [Service.EndAmnesty]. A station's name is not checked
// against a list: a gateway with another spelling in its settings does not apply it.
func (s *Service) DeclareAmnesty(ctx context.Context, by staff.Member, a Amnesty, request string) (Declared, error) {
	now := database.MillisAt(s.Now())
	action := staff.DeclareAmnesty
	if slices.Contains(a.Stations, EveryStation) {
		action = staff.DeclareAmnestyEverywhere
	}
	entry, err := audit.By(by, action, audit.Object{}, int64(now))
	if err != nil {
		return Declared{}, err
	}
	if a.From == 0 {
		a.From = now.Seconds()
	}
	scopes, err := a.check(now)
	if err != nil {
		return Declared{}, err
	}
	if err := s.amnesties.Spend(by.Name(), len(a.Stations)); err != nil {
		s.metrics.budget.Inc()
		s.Log.Warn("amnesty budget spent", zap.String("by", by.Name()))
		return Declared{}, err
	}
	entry.Request = request
	fresh, err := s.Store.declareAmnesty(ctx, a, scopes, entry)
	if err != nil {
		return Declared{}, err
	}
	s.metrics.exceptions.WithLabelValues("amnesty").Add(float64(fresh))
	s.Log.Warn("amnesty declared", zap.Strings("stations", a.Stations), zap.Strings("scopes", scopes.Names()), zap.String("by", by.Name()))
	return Declared{int64(now), a.From, a.Until}, nil
}

// check refuses an amnesty that is not valid at now. It never quotes a value.
func (a *Amnesty) check(now database.Millis) (scopes tokens.Scopes, err error) {
	wrong := func(format string, args ...any) (tokens.Scopes, error) {
		return 0, problem.New(AmnestyInvalid, fmt.Sprintf(format, args...))
	}
	if !slices.Contains(AmnestyReasons(), a.Reason) {
		return 0, problem.New(ReasonInvalid, "reason must be evacuation, crowding, gate_fault or drill")
	}
	scopes, err = tokens.ParseScopes(a.Scopes)
	if err != nil || scopes&^tokens.Scopes(tokens.Entry|tokens.Exit) != 0 {
		return wrong("scopes must be entry, exit or both: other scopes leave no passages")
	}
	if n := len(a.Stations); n < 1 || n > MaxAmnestyStations {
		return wrong("stations must have 1 to %d names, or only *", MaxAmnestyStations)
	}
	for i, name := range a.Stations {
		if name == EveryStation && len(a.Stations) > 1 {
			return wrong("stations[%d]: * includes every station and must be the only entry", i)
		}
		if name != EveryStation && !isStationName(name) {
			return wrong("stations[%d] must be the name in the gateways' settings: 1 to %d bytes with at most %d digits, without control characters and surrounding space", i, maxStationName, maxStationDigits)
		}
		if slices.Contains(a.Stations[:i], name) {
			return wrong("stations[%d] is a duplicate", i)
		}
	}
	// In seconds: a time beyond all bounds must not overflow.
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	switch {
	case a.From < now.Seconds()-seconds(AmnestyBack) || a.From > now.Seconds()+seconds(AmnestyLead):
		return wrong("starts_at must be at most 24 hours before and 7 days after now")
	case a.Until <= max(now.Seconds(), a.From) || a.Until > a.From+seconds(MaxAmnesty):
		return wrong("ends_at must be after now and after starts_at, by 48 hours at most")
	}
	return scopes, nil
}

// maxStationDigits keeps document numbers out of the audit log.
const maxStationDigits = 8

func isStationName(name string) bool {
	clean, err := identity.CleanText(name)
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, name)
	return err == nil && clean == name && len(name) <= maxStationName && len([]rune(digits)) <= maxStationDigits
}

// stationOf is the station of a name in records; zero for EveryStation.
func stationOf(name string) revocation.Station {
	if name == EveryStation {
		return revocation.Station{}
	}
	return revocation.StationOf(name)
}

// declareAmnesty stores an amnesty with its records and audit log entries, one for each
// station, and returns the number of stations for which it is new.
func (s *Store) declareAmnesty(ctx context.Context, a Amnesty, scopes tokens.Scopes, entry audit.Entry) (fresh int, err error) {
	at := database.Millis(entry.AtMs)
	return database.Update(ctx, s.db, "declare amnesty", func(ctx context.Context, tx *sql.Tx) (int, error) {
		fresh := 0
		if s.db.Exclusive != "" { // the bound counts what others commit
			if _, err := tx.ExecContext(ctx, s.db.Exclusive); err != nil {
				return 0, err
			}
		}
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM amnesties WHERE until_s > $1`, lastKeptEnd(at)).Scan(&have); err != nil {
			return 0, err
		}
		for i, name := range a.Stations {
			r := revocation.Record{Kind: revocation.KindAmnesty, At: int64(at), Scopes: scopes, Station: stationOf(name), From: a.From, Until: a.Until}
			n, err := database.Changed(ctx, tx, `INSERT INTO amnesties (station, name, scopes, from_s, until_s, reason, who, at_ms, sent_ms)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (station, scopes, from_s, until_s) DO NOTHING`,
				r.Station[:], name, int64(scopes), a.From, a.Until, a.Reason, entry.Who, at)
			if err != nil {
				return 0, err
			}
			if n == 0 {
				if err := refuseEnded(ctx, tx, &r, i); err != nil {
					return 0, err
				}
				continue
			}
			if fresh++; have+fresh > maxAmnesties && name != EveryStation {
				return 0, problem.New(AmnestiesFull, fmt.Sprintf("gateways keep %d amnesties until a day after their end: nothing was changed", have))
			}
			if err := s.outbox.Enqueue(ctx, tx, r); err != nil {
				return 0, err
			}
			entry.Object = audit.Object{Kind: audit.Station, ID: fmt.Sprintf("%x", r.Station)}
			entry.Detail = fmt.Sprintf("%s: %s at %s from %v until %v", a.Reason, strings.Join(scopes.Names(), " "), name, database.SecondsAt(a.From), database.SecondsAt(a.Until))
			if err := s.auditLog.Append(ctx, tx, entry); err != nil {
				return 0, err
			}
		}
		return fresh, nil
	})
}

// refuseEnded refuses to declare again what was ended early: at gateways it stays ended. i is
// the station's place in the declaration.
func refuseEnded(ctx context.Context, tx *sql.Tx, r *revocation.Record, i int) error {
	var ended int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(ended_ms) FROM amnesties WHERE station = $1 AND scopes = $2 AND from_s = $3 AND until_s = $4`,
		r.Station[:], int64(r.Scopes), r.From, r.Until).Scan(&ended)
	if err == nil && ended > 0 {
		err = problem.New(AmnestyInvalid, fmt.Sprintf("the amnesty of stations[%d] with this starts_at and ends_at was ended early: choose another ends_at", i))
	}
	return err
}

// EndAmnesty ends one amnesty of [Service.Amnesties] now, or before it begins. When it returns,
// the record for the gateways is durably enqueued: scans from now on need and leave passages
// again. A repetition changes nothing and returns the first end.
func (s *Service) EndAmnesty(ctx context.Context, by staff.Member, id, request string) (Declared, error) {
	now := database.MillisAt(s.Now())
	entry, err := audit.By(by, staff.EndAmnesty, audit.Object{}, int64(now))
	if err != nil {
		return Declared{}, err
	}
	entry.Request = request
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || strconv.FormatInt(number, 10) != id {
		return Declared{}, errNoAmnesty
	}
	everywhere, everywhereErr := audit.By(by, staff.EndAmnestyEverywhere, audit.Object{}, int64(now))
	ended, fresh, err := s.Store.endAmnesty(ctx, number, now, func(name string) (audit.Entry, error) {
		if name == EveryStation {
			entry.Action, entry.Role = everywhere.Action, everywhere.Role
			return entry, everywhereErr
		}
		return entry, nil
	})
	if err != nil {
		return Declared{}, err
	}
	if fresh {
		s.metrics.exceptions.WithLabelValues("end_amnesty").Inc()
		s.Log.Warn("amnesty ended early", zap.Int64("amnesty", number), zap.String("by", by.Name()))
	}
	return ended, nil
}

var errNoAmnesty = problem.New(AmnestyNotFound, "no amnesty that is not over has this id")

// endAmnesty stores the early end of an amnesty with its record and audit log entry, which
// entryFor returns for the station's name. fresh is false if it was ended before.
func (s *Store) endAmnesty(ctx context.Context, id int64, now database.Millis, entryFor func(name string) (audit.Entry, error)) (ended Declared, fresh bool, err error) {
	err = s.db.Change(ctx, "end amnesty", func(ctx context.Context, tx *sql.Tx) error {
		var station []byte
		var name string
		var before sql.Null[database.Millis]
		r := revocation.Record{Kind: revocation.KindEndAmnesty}
		err := tx.QueryRowContext(ctx, `SELECT station, name, scopes, from_s, until_s, ended_ms FROM amnesties WHERE id = $1 AND until_s > $2`+s.db.ForUpdate,
			id, now.Seconds()).Scan(&station, &name, &r.Scopes, &r.From, &r.Until, &before)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoAmnesty
		}
		if err != nil {
			return err
		}
		entry, err := entryFor(name)
		if err != nil {
			return err
		}
		copy(r.Station[:], station)
		at := now
		if fresh = !before.Valid; !fresh {
			at = before.V
		}
		r.At, r.Cutoff = int64(at), endOf(at, r.From)
		ended = Declared{AtMs: r.At, From: r.From, Until: r.Cutoff}
		if !fresh {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE amnesties SET ended_ms = $1 WHERE id = $2`, now, id); err != nil {
			return err
		}
		if err := s.outbox.Enqueue(ctx, tx, r); err != nil {
			return err
		}
		entry.Object = audit.Object{Kind: audit.Station, ID: fmt.Sprintf("%x", r.Station)}
		entry.Detail = fmt.Sprintf("%s at %s from %v until %v, declared until %v", strings.Join(r.Scopes.Names(), " "), name,
			database.SecondsAt(r.From), database.SecondsAt(r.Cutoff), database.SecondsAt(r.Until))
		return s.auditLog.Append(ctx, tx, entry)
	})
	return ended, fresh, err
}

// endOf is the end, Unix seconds, of an amnesty that staff ended at a time.
func endOf(ended database.Millis, from int64) int64 { return max(ended.Seconds(), from) }
