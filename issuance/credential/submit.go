package credential

import (
	"context"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/vault"
)

// Form is an application form as submitted (rule A3).
type Form struct {
	Name           string
	DocumentType   string
	DocumentNumber string
	City           string
	Location       *Location // nil: not sent by the phone
	// Policy is the version of the privacy policy that the applicant agreed to. With a
	// login it may be empty: the account has agreed.
	Policy string
}

// Location is the phone's location in degrees. It is required and not stored: the rules
// require only the city to be kept.
type Location struct{ Latitude, Longitude float64 }

// Submitted is an accepted application. AccessToken authorizes all further requests on the
// application; it is returned once, and only its hash is stored. It is empty for a logged-in
// applicant: the login authorizes them.
type Submitted struct {
	Application string
	AccessToken string
}

// The columns of encrypted fields. A field is bound to its column's name.
const (
	columnName   = "name"
	columnNumber = "number"
	columnCity   = "city"
)

// EncryptedColumns are the columns of this package that are encrypted.
func EncryptedColumns() []vault.Column {
	return append(vault.Columns("applications", "id", columnName, columnNumber, columnCity), vault.Columns("sessions", "id", "seed")...)
}

func fieldPlace(column, application string) vault.Place {
	return vault.Place{Table: "applications", Column: column, Row: application}
}

// Submit accepts an application; by is the applicant's login, nil for none. It reveals
// nothing about the person, who is unknown before the face check: whether a quota is used
// up is not told to a caller that merely knows the number.
func (s *Service) Submit(ctx context.Context, by *account.Holder, f Form) (Submitted, error) {
	now := s.Now()
	if by == nil || f.Policy != "" {
		if err := s.requireConsent(f.Policy); err != nil {
			return Submitted{}, err
		}
	}
	who, err := s.identify(f.Name, f.DocumentType, f.DocumentNumber, now)
	if err != nil {
		return Submitted{}, err
	}
	if err := f.Location.check(); err != nil {
		return Submitted{}, err
	}
	city, err := cityAt(f.City, f.Location)
	if err != nil {
		return Submitted{}, err
	}

	out := Submitted{Application: ids.New(applicationPrefix, ids.IDSize), AccessToken: ids.New(accessPrefix, ids.SecretSize)}
	row := Application{
		ID:       out.Application,
		Access:   ids.Hash(out.AccessToken),
		Document: who.Document,
		Person:   s.vault.Person(who.Document, who.Number),
		Name:     s.vault.Encrypt([]byte(who.Name), fieldPlace(columnName, out.Application)),
		Number:   s.vault.Encrypt([]byte(who.Number), fieldPlace(columnNumber, out.Application)),
		City:     s.vault.Encrypt([]byte(city), fieldPlace(columnCity, out.Application)),
		Created:  database.MillisAt(now),
	}
	if by != nil {
		row.Account, out.AccessToken = by.Account(), "" // the stored hash is of a token that is not given out
	} else {
		row.Policy, row.Consent = f.Policy, row.Created
	}
	if err := s.Store.CreateApplication(ctx, row); err != nil {
		return Submitted{}, err
	}
	s.metrics.applications.Inc()
	return out, nil
}

// identify checks the form of an entered identity (rules A3 and A4).
func (s *Service) identify(name, document, number string, now time.Time) (p provider.Person, err error) {
	if p.Document, err = identity.ParseQualifying(document); err != nil {
		return p, problem.New(DocumentTypeNotSupported, "document_type must be resident_id: only the PRC resident identity card qualifies")
	}
	if p.Name, err = identity.CleanName(name); err != nil {
		return p, problem.New(NameInvalid, "name "+err.Error())
	}
	switch p.Number, err = identity.ReadNumber(p.Document, number, now); {
	case errors.Is(err, identity.ErrFirstGeneration):
		return p, problem.New(rules.FirstGenerationCard, "document_number: "+err.Error())
	case err != nil:
		return p, problem.New(DocumentNumberInvalid, "document_number: "+err.Error())
	}
	return p, nil
}

// requireConsent refuses a person without a login who does not agree to the active privacy
// policy (rule G34). It comes first: without consent no personal data is processed.
func (s *Service) requireConsent(policy string) error {
	if policy != s.Policy {
		return account.ErrConsent
	}
	return nil
}

func (l *Location) check() error {
	if l == nil {
		return problem.New(LocationMissing, "location is required: the city is derived from it")
	}
	if !identity.ValidCoordinates(l.Latitude, l.Longitude) {
		return problem.New(LocationInvalid, "location "+identity.ErrCoordinates.Error())
	}
	return nil
}

// Locate is the city at a location, for a form to fill in (rule A3). The location is about
// a place, not a person: nothing is stored or counted.
func Locate(l *Location) (identity.City, error) {
	if err := l.check(); err != nil {
		return identity.City{}, err
	}
	c, err := identity.CityAt(l.Latitude, l.Longitude)
	if err != nil {
		return identity.City{}, problem.New(Relocate, err.Error())
	}
	return c, nil
}

// cityAt checks the city of a form against its location, which must be valid.
func cityAt(entered string, l *Location) (string, error) {
	name, err := identity.CleanName(entered)
	if err != nil {
		return "", problem.New(CityInvalid, "city "+err.Error())
	}
	switch err := identity.CheckCity(name, l.Latitude, l.Longitude); {
	case errors.Is(err, identity.ErrCityUnknown):
		return "", problem.New(CityInvalid, "city "+err.Error())
	case err != nil:
		return "", problem.New(Relocate, "city "+err.Error())
	}
	return name, nil
}
