package exchange

import "github.com/railgate/railgate/passage"

// Outcome says how one message of the topic was handled. Each outcome has its own counter. Only the passages of
// applied messages have an effect.
type Outcome uint8

// The outcomes; after them, one for each [passage.Refusal].
const (
	Applied        Outcome = iota // passages merged
	Replayed                      // its number was seen: a writer's retry, or a copy by another client
	WrongPartition                // signed for another partition, or has a passage of another one
	firstRefusal
)

// refusedAs returns the outcome of a message that package passage refuses.
func refusedAs(why passage.Refusal) Outcome { return firstRefusal + Outcome(why) }

// foreign is the outcome of a message of a gateway that the authority did not announce, or not yet.
var foreign = refusedAs(passage.ErrForeign)

var outcomeNames = [firstRefusal]string{"applied", "replayed", "wrong_partition"}

func (o Outcome) String() string {
	if o < firstRefusal {
		return outcomeNames[o]
	}
	return passage.Refusal(o - firstRefusal).String()
}

// Outcomes lists all outcomes.
func Outcomes() (all []Outcome) {
	for o := range firstRefusal + Outcome(len(passage.Refusals())) {
		all = append(all, o)
	}
	return all
}
