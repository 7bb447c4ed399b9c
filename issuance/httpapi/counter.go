package httpapi

import (
	"context"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// The kind of counter comes from the credential's roles, never from a request body.

// holderWord names the account's holder wherever a passenger is named. It is explicit, so
// that an omitted field never names a person.
const holderWord = "holder"

// namedPassenger returns the registry's id of a passenger, which is empty for the holder.
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

// statusAnswer is the response with an entry's status.
func statusAnswer(s rules.Status, err error) (any, error) {
	return struct {
		Status string `json:"status"`
	}{s.String()}, err
}

// shown is a document presented at a counter.
type shown struct {
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
}

func (s shown) entry() identity.Entry {
	return identity.Entry{DocumentType: s.DocumentType, DocumentNumber: s.DocumentNumber, Nationality: s.Nationality}
}

// original is the clerk's statement about the document presented.
type original struct {
	Original *bool `json:"original"`
	InDate   *bool `json:"in_date"`
	Readable *bool `json:"readable"` // resident ID card: by the card reader
}

// visit refuses a statement with a missing field.
func (o original) visit(delegated bool) (rules.Visit, error) {
	if o.Original == nil || o.InDate == nil || o.Readable == nil {
		return rules.Visit{}, malformed("original, in_date and readable are required, true or false")
	}
	return rules.Visit{Original: *o.Original, InDate: *o.InDate, Readable: *o.Readable, Delegated: delegated}, nil
}

// counterAct chooses the action for a purpose: check, or correct at a window. A correction
// counts as an identification, because it shows personal data.
func counterAct[Act any](a *API, by registry.Principal, purpose filled, check, correct Act) (Act, error) {
	switch purpose {
	case "", "check":
		return check, nil
	case "correction":
		return correct, a.service.TakeIdentification(by.By)
	}
	return check, malformed("purpose must be check or correction")
}

// searchEntries finds the entries with a document that the counter may check now, or that
// a window may correct. The response contains no personal data.
func (a *API) searchEntries(r *request, by registry.Principal, in struct {
	shown
	Purpose filled `json:"purpose"`
}) (any, error) {
	find, err := counterAct(a, by, in.Purpose, a.registry.FindEntries, a.registry.FindForCorrection)
	if err != nil {
		return nil, err
	}
	all, err := find(r.Context(), by, in.entry())
	type found struct {
		entryRef
		Status       string `json:"status"`
		HolderNeeded bool   `json:"holder_original_needed,omitempty"`
		Lost         bool   `json:"identity_lost"`
	}
	return struct {
		Entries []found `json:"entries"`
	}{each(all, func(f registry.Found) found {
		return found{newRef(f.Ref), f.Status.String(), f.HolderOriginalNeeded, f.Lost}
	})}, err
}

// viewAtCounter returns an entry that the counter may check now, or that a window may
// correct.
func (a *API) viewAtCounter(r *request, by registry.Principal, in struct {
	entryRef
	Purpose filled `json:"purpose"`
}) (any, error) {
	view, err := counterAct(a, by, in.Purpose, a.registry.ViewEntry, a.registry.ViewForCorrection)
	if err != nil {
		return nil, err
	}
	return showEntry(r, by, in.entryRef, view)
}

// verifyEntry records the result of comparing an entry with the document at a counter
// (rules B1, B3 and B10).
func (a *API) verifyEntry(r *request, by registry.Principal, in struct {
	entryRef
	original
	Version          int64  `json:"version"`
	Delegated        bool   `json:"delegated"`
	DelegateOriginal bool   `json:"delegate_original"`
	HolderOriginal   bool   `json:"holder_original"`
	Matches          *bool  `json:"matches"`
	Proof            *proof `json:"proof"`
}) (any, error) {
	visit, err := in.visit(in.Delegated)
	if err != nil {
		return nil, err
	}
	visit.DelegateOriginal, visit.HolderOriginal = in.DelegateOriginal, in.HolderOriginal
	if in.Matches == nil {
		return nil, malformed("matches is required, true or false")
	}
	entry, err := in.ref()
	if err != nil {
		return nil, err
	}
	c := registry.Check{
		Principal: by, Entry: entry, Version: in.Version, Visit: visit, Matches: *in.Matches,
	}
	if c.Proof, err = in.Proof.parse(); err != nil {
		return nil, err
	}
	return statusAnswer(a.registry.Verify(r.Context(), c))
}

// proof is the visitor's proof that an entry is theirs; nil if there is none.
type proof struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// maxProof bounds a proof, in characters; a document number is the longest.
const maxProof = 32

func (p *proof) parse() (rules.Proof, error) {
	if p == nil {
		return rules.Proof{}, nil
	}
	kind, err := rules.ParseProofKind(p.Kind)
	if err != nil {
		return rules.Proof{}, malformed("proof.kind must be phone_end, email_start or holder_number")
	}
	if p.Value == "" || utf8.RuneCountInString(p.Value) > maxProof {
		return rules.Proof{}, malformed("proof.value must have 1 to 32 characters")
	}
	return rules.Proof{Kind: kind, Value: p.Value}, nil
}

// freeIdentity removes an identity from the account that has it (rule B11).
func (a *API) freeIdentity(r *request, by registry.Principal, in struct {
	shown
	original
	Delegated bool `json:"delegated"`
}) (any, error) {
	visit, err := in.visit(in.Delegated)
	if err != nil {
		return nil, err
	}
	return nil, a.registry.FreeIdentity(r.Context(), registry.DuplicateVisit{Principal: by, Document: in.entry(), Visit: visit})
}

// serving is what a passenger presents for a service.
type serving struct {
	Service  filled `json:"service"`
	Original bool   `json:"original"`
	Order    filled `json:"order"`
	Card     *card  `json:"card"`
}

// card is the data that a machine read from a resident ID card.
type card struct {
	Name           string `json:"name"`
	DocumentNumber string `json:"document_number"`
}

func (in serving) parse() (s rules.Serving, err error) {
	s.Original, s.Order = in.Original, string(in.Order)
	if in.Card != nil {
		if *in.Card == (card{}) {
			return s, problem.New(registry.QuestionInvalid, "card must contain the name and the number that the machine read")
		}
		s.Card = rules.Card{Name: in.Card.Name, Number: in.Card.DocumentNumber}
	}
	if in.Service != "" {
		if s.Service, err = rules.ParseService(string(in.Service)); err != nil {
			err = problem.New(registry.QuestionInvalid, "service must be exchange, change or refund")
		}
	}
	return s, err
}

// decideService decides whether a counter or ticket machine may perform a service on a
// ticket, and what must happen first (rule B7).
func (a *API) decideService(r *request, by registry.Principal, in struct {
	Ticket string `json:"ticket"`
	serving
}) (any, error) {
	s, err := in.parse()
	if err != nil {
		return nil, err
	}
	return decided(a.registry.Decide(r.Context(), registry.DecisionRequest{Principal: by, Kind: registry.Serve, Ticket: in.Ticket, Serve: s}))
}

// rewritten has the fields that a correction and a claim have in common.
type rewritten struct {
	Version int64 `json:"version"`
	enteredPerson
	original
	Delegated bool   `json:"delegated"`
	Proof     *proof `json:"proof"`
}

func (in rewritten) correction(by registry.Principal, entry registry.Ref) (c registry.Correction, err error) {
	visit, err := in.visit(in.Delegated)
	if err != nil {
		return c, err
	}
	c = registry.Correction{Principal: by, Entry: entry, Version: in.Version, As: in.entry(), Visit: visit}
	c.Proof, err = in.Proof.parse()
	return c, err
}

// correctEntry replaces an identity that was checked wrongly by the original document's.
func (a *API) correctEntry(r *request, by registry.Principal, in struct {
	entryRef
	rewritten
}) (any, error) {
	entry, err := in.ref()
	if err != nil {
		return nil, err
	}
	c, err := in.correction(by, entry)
	if err != nil {
		return nil, err
	}
	return statusAnswer(a.registry.Correct(r.Context(), c))
}

// claimIdentity moves an identity to the account of its owner (rule B11).
func (a *API) claimIdentity(r *request, by registry.Principal, in struct {
	Account string `json:"account"`
	rewritten
}) (any, error) {
	c, err := in.correction(by, registry.Ref{Account: in.Account})
	if err != nil {
		return nil, err
	}
	return statusAnswer(a.registry.Claim(r.Context(), c))
}

// showEntry returns an entry for comparison with a document. The view is written to the
// audit log before the response.
func showEntry(r *request, by registry.Principal, in entryRef, view func(context.Context, registry.Principal, registry.Ref) (registry.EntryView, error)) (any, error) {
	entry, err := in.ref()
	if err != nil {
		return nil, err
	}
	s, err := view(r.Context(), by, entry)
	return struct {
		entryRef
		person
		Status       string `json:"status"`
		Version      int64  `json:"version"`
		ProofNeeded  bool   `json:"proof_needed"`
		HolderNeeded bool   `json:"holder_original_needed,omitempty"`
		Lost         bool   `json:"identity_lost"`
	}{newRef(s.Ref), newPerson(s.Person), s.Status.String(), s.Version, s.ProofNeeded, s.HolderOriginalNeeded, s.Lost}, err
}
