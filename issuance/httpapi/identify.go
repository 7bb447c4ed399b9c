package httpapi

import (
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// booking is a ticket of the identified person.
type booking struct {
	State  string `json:"state"`
	EndsAt int64  `json:"ends_at"`
	// The rest is missing for a ticket that was reported before it was asked.
	Order     string   `json:"order,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Journey   *journey `json:"journey,omitempty"`
}

// maxScan bounds what a scanner reads, characters, as the gateway does.
const maxScan = 1024

// identify tells staff who the person of a scanned code is, and what was booked for
// them.
func (a *API) identify(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	if err := by.By.May(staff.Identify); err != nil {
		return err
	}
	var in struct {
		Code    *string `json:"code"`
		Purpose string  `json:"purpose"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Code == nil || utf8.RuneCountInString(*in.Code) > maxScan {
		return malformed("code must be there and have at most 1024 characters: more cannot be a code")
	}
	purpose, err := staff.ParsePurpose(in.Purpose)
	if err != nil {
		return problem.New(credential.PurposeInvalid, "purpose must be sale, refund, change or verify")
	}
	who, err := a.service.IdentifyCode(r.Context(), by.By, credential.Scanned{Text: *in.Code, Purpose: purpose, Request: by.Request})
	if refused := new(credential.CodeError); errors.As(err, &refused) {
		newCodeProblem(refused.Reason).write(w)
		return nil
	}
	if err != nil {
		return err
	}
	bookings := []booking{}
	if a.registry != nil {
		all, err := a.registry.Bookings(r.Context(), who.Number)
		if err != nil {
			return err
		}
		for _, b := range all {
			bookings = append(bookings, booking{b.State.String(), b.Ends.Unix(), b.Order, b.Reference, newJourney(b.Journey)})
		}
	}
	return writeJSON(w, http.StatusOK, struct {
		Serial       string    `json:"serial"`
		Scopes       []string  `json:"scopes"`
		SecondsLeft  int64     `json:"seconds_left"`
		Name         string    `json:"name"`
		DocumentType string    `json:"document_type"`
		Masked       string    `json:"document_number_masked"`
		Bookings     []booking `json:"bookings"`
	}{who.Serial.String(), who.Scopes.Names(), who.SecondsLeft, who.Name, who.Document.String(), who.Masked(), bookings})
}

// newCodeProblem has the words of a gateway's verdict.
func newCodeProblem(r tokens.Reason) problemJSON {
	p := newProblem(credential.CodeRefused, "the code is not accepted: "+r.String())
	p.Reason, p.Class = r.String(), r.Class().String()
	p.Text.EN, p.Text.ZH = r.Text()
	return p
}

// subjects tells a ticketing system the pseudonyms of a day.
func (a *API) subjects(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	if err := by.By.May(staff.DeriveSubjects); err != nil {
		return err
	}
	var in struct {
		Day     int64 `json:"day"`
		Persons []struct {
			DocumentType   string `json:"document_type"`
			DocumentNumber string `json:"document_number"`
		} `json:"persons"`
	}
	if err := readJSONUpTo(w, r, &in, MaxSubjectsBody); err != nil {
		return err
	}
	persons := make([]credential.Carried, len(in.Persons))
	for i, p := range in.Persons {
		persons[i] = credential.Carried{Type: p.DocumentType, Number: p.DocumentNumber}
	}
	all, err := a.service.Subjects(r.Context(), by.By, in.Day, persons, by.Request)
	if err != nil {
		return err
	}
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.String()
	}
	return writeJSON(w, http.StatusOK, struct {
		Day      int64    `json:"day"`
		Subjects []string `json:"subjects"`
	}{in.Day, texts})
}
