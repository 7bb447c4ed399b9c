package rules

import (
	"slices"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Actor is a party that acts on an identity.
type Actor uint8

const (
	// Window is a station window.
	Window Actor = iota + 1
	// Agency is a ticket agency outside the stations.
	Agency
	// Authority is the national authority that issues or registers the document.
	Authority
	// Holder is the account holder, who edits the identity.
	Holder
	// Machine is a ticket machine in a station. It does not change identities.
	Machine
	// Online is the online check: a face check and the resident registry (人证核验, rule G39).
	Online
)

var actorNames = Names[Actor]{Window: "window", Agency: "agency", Authority: "authority", Holder: "holder", Machine: "machine", Online: "online"}

// ParseActor parses an actor's stable name. Any other name is [ErrName].
func ParseActor(name string) (Actor, error) { return actorNames.Parse(name) }

func (a Actor) String() string { return actorNames.Of(a) }

// transitions are the allowed changes of status, with the actors who may make them.
//
// Our choice where the rules are silent: a document that does not match at the window fails (rule
// B7 mentions a failed pre-verification). An edit results in the status of an unchecked entry,
// which for other documents is to-be-submitted (the rules say pending, a status these cannot have).
// The holder may also edit an identity that is not yet checked. A failed identity that was correct
// can continue in two ways: its holder saves it again unchanged, or a counter compares it with the
// original again. The rules let a delegate have failed identities verified at a window or an agency
// (S4:127), so the person may do the same. A window corrects a checked identity ([CanCorrect]). The
// online check can verify an identity and never fails one: an unconfirmed identity keeps its
// status.
var transitions = []struct {
	from kindStatus
	by   []Actor
	to   []kindStatus
}{
	{kindStatus{resident, Pending}, []Actor{Window, Agency}, []kindStatus{{resident, Verified}, {resident, Failed}}},
	{kindStatus{resident, Failed}, []Actor{Window, Agency}, []kindStatus{{resident, Verified}, {resident, Failed}}},
	{kindStatus{resident, Pending}, []Actor{Online}, []kindStatus{{resident, Verified}}},
	{kindStatus{resident, Failed}, []Actor{Online}, []kindStatus{{resident, Verified}}},
	{kindStatus{other, ToBeSubmitted}, []Actor{Window}, []kindStatus{{other, PreVerified}, {other, Failed}}},
	{kindStatus{other, Failed}, []Actor{Window}, []kindStatus{{other, PreVerified}, {other, Failed}}},
	{kindStatus{other, PreVerified}, []Actor{Authority}, []kindStatus{{other, Verified}, {other, Failed}}},

	{kindStatus{resident, Verified}, []Actor{Window}, []kindStatus{{resident, Verified}, {other, PreVerified}}},
	{kindStatus{other, PreVerified}, []Actor{Window}, []kindStatus{{resident, Verified}, {other, PreVerified}}},
	{kindStatus{other, Verified}, []Actor{Window}, []kindStatus{{resident, Verified}, {other, PreVerified}}},

	{kindStatus{resident, Pending}, []Actor{Holder}, []kindStatus{{resident, Pending}, {other, ToBeSubmitted}}},
	{kindStatus{other, ToBeSubmitted}, []Actor{Holder}, []kindStatus{{resident, Pending}, {other, ToBeSubmitted}}},
	{kindStatus{resident, Failed}, []Actor{Holder}, []kindStatus{{resident, Pending}, {other, ToBeSubmitted}}},
	{kindStatus{other, Failed}, []Actor{Holder}, []kindStatus{{resident, Pending}, {other, ToBeSubmitted}}},
}

// DocumentStatus is the status of an identity with its document type.
type DocumentStatus struct {
	Document identity.DocumentType
	Status   Status
}

func (s DocumentStatus) byKind() kindStatus { return kindStatusOf(s.Document, s.Status) }

// CanTransition reports whether the actor may change the status of an identity. Only an edit and a
// correction at a window change the document.
func CanTransition(from, to DocumentStatus, by Actor) error {
	if by == Holder && fixed(from) {
		return problem.New(IdentityFixed, "a verified or pre-verified identity can no longer be edited")
	}
	if by == Agency && (from.byKind() == kindStatus{other, ToBeSubmitted} || from.byKind() == kindStatus{other, Failed}) {
		return errWindowDocument
	}
	for _, m := range transitions {
		if m.from == from.byKind() && slices.Contains(m.by, by) && slices.Contains(m.to, to.byKind()) &&
			(by == Holder || by == Window && fixed(from) || from.Document == to.Document) {
			return nil
		}
	}
	return problem.New(TransitionRefused, "this status cannot be changed in this way by this caller")
}
