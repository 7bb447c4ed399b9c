package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// registryOperations are those of the real-name registry (rule B). Whatever is
// personal stands in a body, never in a path or a query.
func (a *API) registryOperations() []operation {
	if a.registry == nil {
		return nil
	}
	return []operation{
		{Route{"GET", "/v1/account/passengers"}, a.loggedIn(a.listPassengers)},
		{Route{"POST", "/v1/account/passengers"}, a.agreed(a.addPassenger)},
		{Route{"PUT", "/v1/account/passengers/{id}"}, a.agreed(a.editPassenger)},
		{Route{"DELETE", "/v1/account/passengers/{id}"}, a.loggedIn(a.deletePassenger)},
		{Route{"POST", "/v1/account/verification"}, a.limited(a.agreed(a.verifyOnline))},
		{Route{"GET", "/v1/account/close"}, a.loggedIn(a.ifClosed)},

		{Route{"POST", "/v1/decisions"}, a.acting(a.askDecision)},
		{Route{"POST", "/v1/tickets"}, a.acting(a.reportTickets)},

		{Route{"POST", "/v1/counter/searches"}, a.acting(a.search)},
		{Route{"POST", "/v1/counter/looks"}, a.acting(a.lookAtCounter)},
		{Route{"POST", "/v1/counter/verifications"}, a.acting(a.verify)},
		{Route{"POST", "/v1/counter/corrections"}, a.acting(a.correct)},
		{Route{"POST", "/v1/counter/duplicates"}, a.acting(a.freeIdentity)},
		{Route{"POST", "/v1/counter/claims"}, a.acting(a.claimIdentity)},
		{Route{"POST", "/v1/counter/services"}, a.acting(a.askService)},

		{Route{"GET", "/v1/authority/awaiting"}, a.acting(a.awaiting)},
		{Route{"POST", "/v1/authority/looks"}, a.acting(a.lookOfAuthority)},
		{Route{"POST", "/v1/authority/results"}, a.acting(a.settle)},
	}
}

// acting lets only those through who show a staff credential. Whether a role of
// theirs may do the act, the registry asks before it looks anything up.
func (a *API) acting(serve func(w http.ResponseWriter, r *http.Request, by registry.Principal) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		member, err := a.staff.Bearer(r.Header.Values("Authorization"))
		if err != nil {
			return err
		}
		return serve(w, r, registry.Principal{By: member, Request: idOf(w)})
	}
}

// holderWord stands for the account's holder wherever a passenger is named. It is
// written out, so that a field that was forgotten never means somebody.
const holderWord = "holder"

// namedPassenger is the registry's id of a passenger; it has none for the holder.
func namedPassenger(text string) (string, error) {
	switch text {
	case "":
		return "", problem.New(registry.EntryNotFound, "passenger must be an id from the account's list, or the word holder")
	case holderWord:
		return "", nil
	}
	return text, nil
}

func passengerName(id string) string {
	if id == "" {
		return holderWord
	}
	return id
}

// entryRef names an entry of the registry.
type entryRef struct {
	Account   string `json:"account"`
	Passenger string `json:"passenger"`
}

func newRef(r registry.Ref) entryRef { return entryRef{r.Account, passengerName(r.Passenger)} }

func (e entryRef) ref() (registry.Ref, error) {
	passenger, err := namedPassenger(e.Passenger)
	return registry.Ref{Account: e.Account, Passenger: passenger}, err
}

// person is who a document says somebody is.
type person struct {
	Name           string `json:"name"`
	NameCut        bool   `json:"name_cut"`
	NameUncommon   bool   `json:"name_uncommon"`
	Substituted    bool   `json:"substituted"` // characters that could not be entered (B8)
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality,omitempty"`
}

func newPerson(p rules.Person) person {
	return person{
		Name: p.Name.Text, NameCut: p.Name.OverLong, NameUncommon: p.Name.Uncommon, Substituted: p.Substituted,
		DocumentType: p.Document.String(), DocumentNumber: p.Number, Nationality: string(p.Nationality),
	}
}

// becomes answers with the status that an entry has now.
func becomes(w http.ResponseWriter) func(rules.Status, error) error {
	return func(s rules.Status, err error) error {
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, struct {
			Status string `json:"status"`
		}{s.String()})
	}
}

// filled is text that may be left out, and is not empty where it is there: nobody
// shall wonder which of the two an empty one is.
type filled string

// UnmarshalJSON refuses the empty text.
func (f *filled) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == "" {
		return &json.UnmarshalTypeError{Value: "empty string", Type: reflect.TypeFor[filled]()}
	}
	*f = filled(text)
	return nil
}
