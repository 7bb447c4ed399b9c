package issuance

import (
	"context"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/vault"
)

// Form is an application as the passenger fills it in (rule A3).
type Form struct {
	Name           string
	DocumentType   string
	DocumentNumber string
	City           string
	Location       *Location // nil: the phone gave none
}

// Location is where the phone is, degrees. It must be there, it is not stored:
// the city is all that the rules ask to keep.
type Location struct{ Latitude, Longitude float64 }

// Submitted is a taken application. AccessToken is told once and kept only as
// a hash; it authorises everything further on the application.
type Submitted struct {
	Application string
	AccessToken string
}

// The columns of sealed fields. A field is bound to its column's name.
const (
	columnName   = "name"
	columnNumber = "number"
	columnCity   = "city"
)

func place(column, application string) vault.Place {
	return vault.Place{Table: "applications", Column: column, Row: application}
}

// Apply takes an application. Nothing is approved before a real-person check.
func (s *Service) Apply(ctx context.Context, f Form) (Submitted, error) {
	now := s.Now()
	document, err := identity.ParseDocumentType(f.DocumentType)
	if err != nil {
		return Submitted{}, refusal.New(DocumentTypeNotSupported, "document_type must be resident_id: only the PRC resident identity card qualifies")
	}
	name, err := identity.CleanName(f.Name)
	if err != nil {
		return Submitted{}, refusal.New(NameInvalid, "name "+err.Error())
	}
	if err := identity.CheckNumber(f.DocumentNumber, now); err != nil {
		return Submitted{}, refusal.New(DocumentNumberInvalid, "document_number: "+err.Error())
	}
	if err := f.Location.check(); err != nil {
		return Submitted{}, err
	}
	city, err := identity.CleanName(f.City)
	if err != nil {
		return Submitted{}, refusal.New(CityInvalid, "city "+err.Error())
	}

	out := Submitted{Application: random(applicationPrefix, idSize), AccessToken: random(accessPrefix, accessSize)}
	err = s.Store.CreateApplication(ctx, store.Application{
		ID:        out.Application,
		Access:    accessHash(out.AccessToken),
		Document:  document,
		Person:    s.vault.Person(document, f.DocumentNumber),
		Name:      s.vault.Seal([]byte(name), place(columnName, out.Application)),
		Number:    s.vault.Seal([]byte(f.DocumentNumber), place(columnNumber, out.Application)),
		City:      s.vault.Seal([]byte(city), place(columnCity, out.Application)),
		CreatedMs: now.UnixMilli(),
	})
	if err != nil {
		return Submitted{}, err
	}
	s.metrics.applications.Inc()
	return out, nil
}

func (l *Location) check() error {
	if l == nil {
		return refusal.New(LocationMissing, "location is required: the city comes from it")
	}
	// Written so that NaN is refused too.
	if !(l.Latitude >= -90 && l.Latitude <= 90) || !(l.Longitude >= -180 && l.Longitude <= 180) {
		return refusal.New(LocationInvalid, "location must have a latitude of -90 to 90 and a longitude of -180 to 180 degrees")
	}
	return nil
}
