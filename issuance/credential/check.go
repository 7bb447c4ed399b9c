package credential

import (
	"context"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/tokens"
)

// Checked is a passed check. It opens one session until ExpiresAt, Unix seconds.
type Checked struct {
	Check     string
	ExpiresAt int64
	Standing  Standing
	Provider  string // who checked; a provider that is none says so
}

// Check has the real-person check done (rule A6), and on the first passed one
// decides the application. A check that fails, times out or cannot be done
// changes nothing but what counts against guessing. A passed one whose
// application the resident registry could not judge leaves it checked: Decide
// goes on from there.
func (s *Service) Check(ctx context.Context, h Holder, evidence string, from throttle.Caller) (Checked, error) {
	if err := open(&h.application, h.credential, s.Now()); err != nil {
		return Checked{}, err
	}
	person, err := s.person(&h.application)
	if err != nil {
		return Checked{}, err
	}
	seen, err := s.show(ctx, person, evidence, from)
	if err != nil {
		return Checked{}, err
	}
	check := s.passed(h.application.ID, seen)
	out := Checked{Check: check.ID, ExpiresAt: check.ExpiresMs / 1000, Provider: seen.label}
	out.Standing, err = s.settle(ctx, h, &check, person)
	return out, err
}

// passed is a check that was passed at this moment. Whole seconds, since a
// credential's end is one.
func (s *Service) passed(application string, seen shown) store.Check {
	at := s.Now().Truncate(time.Second)
	return store.Check{
		ID: ids.New(checkPrefix, ids.IDSize), Application: application,
		PassedMs: at.UnixMilli(), ExpiresMs: at.Add(CheckLife).UnixMilli(), Guard: seen.guard,
	}
}

// settle does what a passed check is for: it decides an undecided application,
// or keeps the check for the next session of an approved one.
func (s *Service) settle(ctx context.Context, h Holder, check *store.Check, person provider.Person) (Standing, error) {
	at := time.UnixMilli(check.PassedMs)
	if h.credential != nil {
		return standing(&h.application, h.credential, at), s.Store.KeepCheck(ctx, *check)
	}
	err := s.confirm(ctx, h.application.ID, check, person, at)
	if problem.Is(err, LookupUnavailable) {
		h.application.State = store.Checked
		return standing(&h.application, nil, at), s.Store.KeepWaiting(ctx, *check)
	}
	if err != nil {
		return Standing{}, err
	}
	return s.approve(ctx, h.application.ID, check, person, at)
}

// Decide goes on with an application that was checked while the resident
// registry did not answer. It needs a passed check that is still good.
func (s *Service) Decide(ctx context.Context, h Holder) (Standing, error) {
	now := s.Now()
	if err := open(&h.application, h.credential, now); err != nil {
		return Standing{}, err
	}
	if h.credential != nil {
		return standing(&h.application, h.credential, now), nil
	}
	if h.application.State != store.Checked {
		return Standing{}, problem.New(NotApproved, "no real-person check has passed yet")
	}
	good, err := s.Store.GoodCheck(ctx, h.application.ID, now.UnixMilli())
	if err != nil {
		return Standing{}, err
	}
	if !good {
		return Standing{}, errCheckRequired
	}
	person, err := s.person(&h.application)
	if err != nil {
		return Standing{}, err
	}
	at := now.Truncate(time.Second)
	if err := s.confirm(ctx, h.application.ID, nil, person, at); err != nil {
		return Standing{}, err
	}
	return s.approve(ctx, h.application.ID, nil, person, at)
}

// approve decides under the person's lock (rules A7 to A9).
func (s *Service) approve(ctx context.Context, application string, check *store.Check, person provider.Person, at time.Time) (Standing, error) {
	day := uint16(tokens.DayOf(at.Unix()))
	d, err := s.Store.Decide(ctx, application, check, store.Grant{
		Person: s.vault.Person(person.Document, person.Number),
		Month:  month(at), Quota: ApplicationsPerMonth, RenewalMs: Renewal.Milliseconds(),
		Day: day, Subject: s.vault.Subject(day, person.Document, person.Number), Scopes: tokens.AllScopes,
		ApprovedMs: at.UnixMilli(), ExpiresMs: at.UnixMilli() + tokens.CredentialLife*1000,
	}, refusedFor)
	if err != nil {
		if errors.Is(err, store.ErrState) {
			err = problem.New(ApplicationRefused, "this application was refused meanwhile")
		}
		return Standing{}, err
	}
	if d.Approved {
		s.metrics.approvals.Inc()
	}
	if d.Superseded != nil {
		s.metrics.revocations.WithLabelValues("supersede").Inc()
		s.Wake()
	}
	switch {
	case errors.Is(d.Err, store.ErrTooSoon):
		from := (d.InForce.ExpiresMs - Renewal.Milliseconds()) / 1000
		return Standing{}, problem.Until(from, RenewalTooEarly, "a temporary ID is in force; a new one can be had from 3 hours before its end")
	case errors.Is(d.Err, store.ErrQuota):
		return Standing{}, problem.Until(nextMonth(at).Unix(), QuotaExceeded, "3 temporary IDs were issued to this person this month")
	}
	return standing(&d.Application, d.Credential, at), nil
}

func refusedFor(err error) problem.Code {
	if errors.Is(err, store.ErrTooSoon) {
		return RenewalTooEarly
	}
	return QuotaExceeded
}

// person opens the sealed identity for the providers.
func (s *Service) person(a *store.Application) (p provider.Person, err error) {
	name, err := s.vault.Open(a.Name, place(columnName, a.ID))
	if err != nil {
		return p, err
	}
	number, err := s.vault.Open(a.Number, place(columnNumber, a.ID))
	return provider.Person{Name: string(name), Document: a.Document, Number: string(number)}, err
}
