package rules

import (
	"slices"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Actor is who acts on an identity.
type Actor uint8

const (
	// Window is a station window.
	Window Actor = iota + 1
	// Agency is a ticket agency outside the stations.
	Agency
	// Authority is the national authority that issues or registers the document.
	Authority
	// Holder is who holds the account, editing the identity's fields.
	Holder
	// Machine is a ticket machine in a station. It changes no identity.
	Machine
	// Online is the check online: a face check and the resident registry (人证核验, rule G39).
	Online
)

var actorNames = Names[Actor]{Window: "window", Agency: "agency", Authority: "authority", Holder: "holder", Machine: "machine", Online: "online"}

// ParseActor reads an actor's stable name; everything else is ErrName.
func ParseActor(name string) (Actor, error) { return actorNames.Parse(name) }

func (a Actor) String() string { return actorNames.Of(a) }

// moves are the rules' column "what changes it". Whoever is not named in a line
// may not do it, and what is in no line does not happen.
//
// Ours, where the source is silent: a document that does not match at the window
// fails there (rule B7 speaks of a failed pre-verification); an edit leads to the
// status of what nobody has checked, which for other documents is to-be-submitted
// (the source says pending, a status they cannot have); before anybody has checked
// the identity, its holder may edit it too. A failed identity whose data were right
// all along has two ways out: its holder saves it again unchanged, or a counter
// compares it with the original once more. The source lets failed identities be
// verified by a delegate at a window or an agency (S4:127), so the person may do
// the same. A window corrects a checked identity (CanCorrect). The check online
// can verify an identity and never fails one: an unconfirmed one keeps its status.
var moves = []struct {
	from standing
	by   []Actor
	to   []standing
}{
	{standing{resident, Pending}, []Actor{Window, Agency}, []standing{{resident, Verified}, {resident, Failed}}},
	{standing{resident, Failed}, []Actor{Window, Agency}, []standing{{resident, Verified}, {resident, Failed}}},
	{standing{resident, Pending}, []Actor{Online}, []standing{{resident, Verified}}},
	{standing{resident, Failed}, []Actor{Online}, []standing{{resident, Verified}}},
	{standing{other, ToBeSubmitted}, []Actor{Window}, []standing{{other, PreVerified}, {other, Failed}}},
	{standing{other, Failed}, []Actor{Window}, []standing{{other, PreVerified}, {other, Failed}}},
	{standing{other, PreVerified}, []Actor{Authority}, []standing{{other, Verified}, {other, Failed}}},

	{standing{resident, Verified}, []Actor{Window}, []standing{{resident, Verified}, {other, PreVerified}}},
	{standing{other, PreVerified}, []Actor{Window}, []standing{{resident, Verified}, {other, PreVerified}}},
	{standing{other, Verified}, []Actor{Window}, []standing{{resident, Verified}, {other, PreVerified}}},

	{standing{resident, Pending}, []Actor{Holder}, []standing{{resident, Pending}, {other, ToBeSubmitted}}},
	{standing{other, ToBeSubmitted}, []Actor{Holder}, []standing{{resident, Pending}, {other, ToBeSubmitted}}},
	{standing{resident, Failed}, []Actor{Holder}, []standing{{resident, Pending}, {other, ToBeSubmitted}}},
	{standing{other, Failed}, []Actor{Holder}, []standing{{resident, Pending}, {other, ToBeSubmitted}}},
}

// Standing is a status together with the document it is about.
type Standing struct {
	Document identity.DocumentType
	Status   Status
}

func (s Standing) kinds() standing { return standingOf(s.Document, s.Status) }

// CanMove reports whether the actor may move an identity from one standing to
// another. Only an edit and a window's correction change the document.
func CanMove(from, to Standing, by Actor) error {
	if by == Holder && fixed(from) {
		return problem.New(IdentityFixed, "a verified or pre-verified identity can no longer be edited")
	}
	if by == Agency && (from.kinds() == standing{other, ToBeSubmitted} || from.kinds() == standing{other, Failed}) {
		return errWindowDocument
	}
	for _, m := range moves {
		if m.from == from.kinds() && slices.Contains(m.by, by) && slices.Contains(m.to, to.kinds()) &&
			(by == Holder || by == Window && fixed(from) || from.Document == to.Document) {
			return nil
		}
	}
	return problem.New(MoveRefused, "this status cannot be changed so, or not by who asks")
}
