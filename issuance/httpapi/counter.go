package httpapi

import (
	"context"
	"net/http"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// Which counter somebody stands at is the credential's to say; no body says it.

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

// shown is a document that lies on the counter.
type shown struct {
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
}

// original is what the clerk says of the document on the counter.
type original struct {
	Original *bool `json:"original"`
	InDate   *bool `json:"in_date"`
	Readable *bool `json:"readable"` // a resident ID card by the card reader
}

// said refuses a statement of which a part was forgotten: it is none.
func (o original) said() error {
	if o.Original == nil || o.InDate == nil || o.Readable == nil {
		return malformed("original, in_date and readable must be there, true or false")
	}
	return nil
}

// Why a counter searches or looks.
const (
	forCheck      = "check" // as without a word
	forCorrection = "correction"
)

// correcting reports whether a window wants entries that were checked.
func correcting(purpose filled) (bool, error) {
	switch purpose {
	case "", forCheck:
		return false, nil
	case forCorrection:
		return true, nil
	}
	return false, malformed("purpose must be check or correction")
}

// search finds the entries about a document that the counter may check now, or that
// a window may correct. The answer has nothing personal in it.
func (a *API) search(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		shown
		Purpose filled `json:"purpose"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	find := a.registry.FindEntries
	if correct, err := correcting(in.Purpose); err != nil {
		return err
	} else if correct {
		if err := a.service.TakeIdentification(by.By); err != nil {
			return err
		}
		find = a.registry.FindForCorrection
	}
	all, err := find(r.Context(), by, registry.ShownDocument(in.shown))
	if err != nil {
		return err
	}
	type found struct {
		entryRef
		Status       string `json:"status"`
		HolderNeeded bool   `json:"holder_original_needed,omitempty"`
		Lost         bool   `json:"identity_lost"`
	}
	out := make([]found, len(all))
	for i, f := range all {
		out[i] = found{newRef(f.Ref), f.Status.String(), f.HolderOriginalNeeded, f.Lost}
	}
	return writeJSON(w, http.StatusOK, struct {
		Entries []found `json:"entries"`
	}{out})
}

// lookAtCounter shows an entry that the counter may check now, or that a window may
// correct.
func (a *API) lookAtCounter(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		entryRef
		Purpose filled `json:"purpose"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	sight := a.registry.ViewEntry
	if correct, err := correcting(in.Purpose); err != nil {
		return err
	} else if correct {
		if err := a.service.TakeIdentification(by.By); err != nil {
			return err
		}
		sight = a.registry.ViewForCorrection
	}
	return showEntry(w, r, by, in.entryRef, sight)
}

// verify takes what a counter found when it compared an entry with the document
// (rules B1, B3 and B10).
func (a *API) verify(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		entryRef
		original
		Version          int64  `json:"version"`
		Delegated        bool   `json:"delegated"`
		DelegateOriginal bool   `json:"delegate_original"`
		HolderOriginal   bool   `json:"holder_original"`
		Matches          *bool  `json:"matches"`
		Proof            *proof `json:"proof"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if err := in.said(); err != nil {
		return err
	}
	if in.Matches == nil {
		return malformed("matches must be there, true or false")
	}
	entry, err := in.ref()
	if err != nil {
		return err
	}
	c := registry.Check{
		Principal: by, Entry: entry, Version: in.Version,
		Original: *in.Original, InDate: *in.InDate, Readable: *in.Readable, Delegated: in.Delegated, DelegateOriginal: in.DelegateOriginal,
		HolderOriginal: in.HolderOriginal, Matches: *in.Matches,
	}
	if c.Proof, err = in.Proof.read(); err != nil {
		return err
	}
	return becomes(w)(a.registry.Verify(r.Context(), c))
}

// proof is what a visitor says to show that an entry is theirs; nil is none.
type proof struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// maxProof bounds what is told over a counter, characters; a document number is
// the longest.
const maxProof = 32

func (p *proof) read() (rules.Proof, error) {
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

// freeIdentity takes an identity from the account that has it (rule B11).
func (a *API) freeIdentity(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		shown
		original
		Delegated bool `json:"delegated"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if err := in.said(); err != nil {
		return err
	}
	err := a.registry.FreeIdentity(r.Context(), registry.DuplicateVisit{
		Principal: by, Document: registry.ShownDocument(in.shown), Original: *in.Original, InDate: *in.InDate, Readable: *in.Readable, Delegated: in.Delegated,
	})
	if err != nil {
		return err
	}
	return noContent(w)
}

// serving is what is brought for a service.
type serving struct {
	Service  filled `json:"service"`
	Original bool   `json:"original"`
	Order    filled `json:"order"`
	Card     *card  `json:"card"`
}

// card is a resident ID card as a machine read it.
type card struct {
	Name           string `json:"name"`
	DocumentNumber string `json:"document_number"`
}

func (in serving) read() (s rules.Serving, err error) {
	s.Original, s.Order = in.Original, string(in.Order)
	if in.Card != nil {
		if *in.Card == (card{}) {
			return s, problem.New(registry.QuestionInvalid, "card must have the name and the number that the machine read")
		}
		s.Card = rules.Card{Name: in.Card.Name, Number: in.Card.DocumentNumber}
	}
	if in.Service != "" {
		if s.Service, err = rules.ParseService(string(in.Service)); err != nil {
			err = errService
		}
	}
	return s, err
}

// askService tells a counter or a ticket machine whether it does something with a
// ticket, and what comes first (rule B7).
func (a *API) askService(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		Ticket string `json:"ticket"`
		serving
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	s, err := in.read()
	if err != nil {
		return err
	}
	return decided(w)(a.registry.Decide(r.Context(), registry.DecisionRequest{Principal: by, Kind: registry.Serve, Ticket: in.Ticket, Serve: s}))
}

// documentRead is a person as a clerk reads one from the original.
type documentRead struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
	Substituted    bool   `json:"substituted"`
}

// rewritten is what a correction and a claim have in common.
type rewritten struct {
	Version int64 `json:"version"`
	documentRead
	original
	Delegated bool   `json:"delegated"`
	Proof     *proof `json:"proof"`
}

func (in rewritten) correction(by registry.Principal, entry registry.Ref) (c registry.Correction, err error) {
	if err := in.said(); err != nil {
		return c, err
	}
	c = registry.Correction{
		Principal: by, Entry: entry, Version: in.Version, As: in.entry(),
		Original: *in.Original, InDate: *in.InDate, Readable: *in.Readable, Delegated: in.Delegated,
	}
	c.Proof, err = in.Proof.read()
	return c, err
}

func (d documentRead) entry() rules.Entry {
	return rules.Entry{
		Name: d.Name, DocumentType: d.DocumentType, DocumentNumber: d.DocumentNumber, Nationality: d.Nationality, Substituted: d.Substituted,
	}
}

// correct writes the original over an identity that was checked wrongly.
func (a *API) correct(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		entryRef
		rewritten
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	entry, err := in.ref()
	if err != nil {
		return err
	}
	c, err := in.correction(by, entry)
	if err != nil {
		return err
	}
	return becomes(w)(a.registry.Correct(r.Context(), c))
}

// claimIdentity gives an identity to the account of its owner (rule B11).
func (a *API) claimIdentity(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		Account string `json:"account"`
		rewritten
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	c, err := in.correction(by, registry.Ref{Account: in.Account})
	if err != nil {
		return err
	}
	return becomes(w)(a.registry.Claim(r.Context(), c))
}

func showEntry(w http.ResponseWriter, r *http.Request, by registry.Principal, in entryRef, sight func(context.Context, registry.Principal, registry.Ref) (registry.EntryView, error)) error {
	entry, err := in.ref()
	if err != nil {
		return err
	}
	s, err := sight(r.Context(), by, entry)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		entryRef
		person
		Status       string `json:"status"`
		Version      int64  `json:"version"`
		ProofNeeded  bool   `json:"proof_needed"`
		HolderNeeded bool   `json:"holder_original_needed,omitempty"`
		Lost         bool   `json:"identity_lost"`
	}{newRef(s.Ref), newPerson(s.Person), s.Status.String(), s.Version, s.ProofNeeded, s.HolderOriginalNeeded, s.Lost})
}
