package loadtest

import (
	"errors"

	"github.com/railgate/railgate/tokens"
)

// answer is a verdict as the gateway wrote it. Its slices are views of the parsed body.
type answer struct {
	allow           bool
	reason          tokens.Reason
	class           []byte
	subject, serial []byte
	scopes          tokens.Scopes
	secondsLeft     int64
	state           []byte
	ageMS           int64

	// Of the gateway's policies beyond the code; the first values without one.
	passback        passbackState
	result          useResult
	passbackFlagged bool
	passbackMS      int64
	ticket          ticketState
}

// passbackState is what a gateway knows about second uses.
type passbackState uint8

const (
	passbackNone passbackState = iota // the verdict has no passback
	passbackExact
	passbackLocal
	passbackUnknown
	passbackFull
	passbackStates
)

var passbackStateNames = [passbackStates]string{"", "exact", "local", "unknown", "full"}

func (s passbackState) String() string { return passbackStateNames[s] }

// useResult is what became of an attempt to use a code.
type useResult uint8

const (
	resultNone useResult = iota // the verdict has no passback
	resultFirst
	resultRepeated
	resultUsed
	resultHeld
	resultForgiven
	resultAmnesty
	resultNotCounted
	useResults
)

var useResultNames = [useResults]string{"", "first", "repeated", "used", "held", "forgiven", "amnesty", "not_counted"}

func (r useResult) String() string { return useResultNames[r] }

// ticketState is what a gateway knows about the ticket.
type ticketState uint8

const (
	ticketNone    ticketState = iota // the verdict has no ticket
	ticketMissing                    // the person has none
	ticketUnknown
	ticketHeld
	ticketEarly
	ticketLate
	ticketStates
)

var ticketStateNames = [ticketStates]string{"", "none", "unknown", "held", "early", "late"}

func (s ticketState) String() string { return ticketStateNames[s] }

// The errors of a body that is not a verdict. They are fixed texts: no part of a body
// reaches a report.
var (
	errAnswerJSON     = errors.New("answer: not the JSON of a verdict")
	errAnswerField    = errors.New("answer: unknown field")
	errAnswerTwice    = errors.New("answer: duplicate field")
	errAnswerMissing  = errors.New("answer: a field is missing, or not allowed in this verdict")
	errAnswerReason   = errors.New("answer: unknown reason")
	errAnswerVerdict  = errors.New("answer: verdict and reason contradict each other")
	errAnswerScope    = errors.New("answer: unknown scope")
	errAnswerState    = errors.New("answer: unknown revocation state")
	errAnswerUse      = errors.New("answer: unknown state or result of passback or ticket")
	errAnswerEmpty    = errors.New("answer: empty text")
	errAnswerTooShort = errors.New("answer: truncated")
)

// Fields of a verdict, as bits of a set.
const (
	seenVerdict = 1 << iota
	seenReason
	seenClass
	seenSubject
	seenSerial
	seenScopes
	seenSecondsLeft
	seenText
	seenRevocation
	seenEN
	seenZH
	seenState
	seenFlagged
	seenAge
	seenWatermark
	seenPassback
	seenPassbackState
	seenResult
	seenPassbackFlagged
	seenPassbackAge
	seenTicket
	seenTicketState
	seenTicketFlagged
	seenTrain
	seenDeparts
	seenCoach
	seenSeat
	seenReceipt

	always  = seenVerdict | seenReason | seenClass | seenRevocation | seenState | seenFlagged | seenAge | seenWatermark
	onAllow = always | seenSubject | seenSerial | seenScopes | seenSecondsLeft
	onDeny  = always | seenText | seenEN | seenZH

	// Settings of the gateway decide about these: each group is there or not.
	withPassback = seenPassback | seenPassbackState | seenResult | seenPassbackFlagged | seenPassbackAge
	withTicket   = seenTicket | seenTicketState | seenTicketFlagged
	withJourney  = seenTrain | seenDeparts | seenCoach | seenSeat // only with a ticket
	optional     = withPassback | withTicket | withJourney | seenReceipt
)

var fieldNames = fieldSet{
	{"verdict", seenVerdict}, {"reason", seenReason}, {"class", seenClass}, {"subject", seenSubject},
	{"serial", seenSerial}, {"scopes", seenScopes}, {"seconds_left", seenSecondsLeft}, {"text", seenText},
	{"revocation", seenRevocation}, {"passback", seenPassback}, {"ticket", seenTicket}, {"receipt", seenReceipt},
}

var passbackNames = fieldSet{{"state", seenPassbackState}, {"result", seenResult}, {"flagged", seenPassbackFlagged}, {"age_ms", seenPassbackAge}}
var ticketNames = fieldSet{{"state", seenTicketState}, {"flagged", seenTicketFlagged}, {"train", seenTrain}, {"departs_at", seenDeparts},
	{"coach", seenCoach}, {"seat", seenSeat}}

var textNames = fieldSet{{"en", seenEN}, {"zh", seenZH}}
var stateNames = fieldSet{{"state", seenState}, {"flagged", seenFlagged}, {"age_ms", seenAge}, {"watermark_ms", seenWatermark}}

// fieldSet names the members of one object.
type fieldSet []struct {
	name string
	bit  int
}

// states are the valid states of a gateway's revocation data.
var states = [...]string{"booting", "fresh", "stale", "expired", "suspect"}

// parse parses a body. It refuses everything outside the documented form: unknown,
// repeated and missing fields, and in a deny the fields that only an allowed code has
// proven.
func (a *answer) parse(body []byte) error {
	*a = answer{}
	s := scanner{rest: body}
	seen, verdictAllow := 0, false
	err := s.readObject(fieldNames, &seen, func(bit int) (err error) {
		switch bit {
		case seenVerdict:
			var v []byte
			if v, err = s.readString(); err == nil {
				verdictAllow = string(v) == "allow"
				if !verdictAllow && string(v) != "deny" {
					err = errAnswerVerdict
				}
			}
		case seenReason:
			var v []byte
			if v, err = s.readString(); err == nil {
				a.reason, err = parseReason(v)
			}
		case seenClass:
			a.class, err = s.readString()
		case seenSubject:
			a.subject, err = s.readString()
		case seenSerial:
			a.serial, err = s.readString()
		case seenScopes:
			a.scopes, err = s.readScopes()
		case seenSecondsLeft:
			a.secondsLeft, err = s.readNumber()
		case seenText:
			err = s.readObject(textNames, &seen, func(int) error {
				v, err := s.readString()
				if err == nil && len(v) == 0 {
					err = errAnswerEmpty
				}
				return err
			})
		case seenRevocation:
			err = s.readObject(stateNames, &seen, func(bit int) (err error) {
				switch bit {
				case seenState:
					a.state, err = s.readString()
				case seenFlagged:
					_, err = s.readBool()
				case seenAge:
					a.ageMS, err = s.readNumber()
				case seenWatermark:
					_, err = s.readNumber()
				}
				return err
			})
		case seenPassback:
			err = s.readObject(passbackNames, &seen, func(bit int) error { return a.readPassback(&s, bit) })
		case seenTicket:
			err = s.readObject(ticketNames, &seen, func(bit int) error { return a.readTicket(&s, bit) })
		case seenReceipt:
			_, err = s.readString()
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.expectEnd(); err != nil {
		return err
	}
	return a.checkFields(seen, verdictAllow)
}

// readPassback reads one value of passback.
func (a *answer) readPassback(s *scanner, bit int) (err error) {
	var n int
	switch bit {
	case seenPassbackState:
		n, err = s.readOneOf(passbackStateNames[:])
		a.passback = passbackState(n)
	case seenResult:
		n, err = s.readOneOf(useResultNames[:])
		a.result = useResult(n)
	case seenPassbackFlagged:
		a.passbackFlagged, err = s.readBool()
	case seenPassbackAge:
		a.passbackMS, err = s.readNumber()
	}
	return err
}

// readTicket reads one value of ticket.
func (a *answer) readTicket(s *scanner, bit int) (err error) {
	switch bit {
	case seenTicketState:
		var n int
		n, err = s.readOneOf(ticketStateNames[:])
		a.ticket = ticketState(n)
	case seenTicketFlagged:
		_, err = s.readBool()
	case seenDeparts:
		_, err = s.readNumber()
	default:
		var v []byte
		if v, err = s.readString(); err == nil && len(v) == 0 {
			err = errAnswerEmpty
		}
	}
	return err
}

// checkFields checks the conditions that concern several fields.
func (a *answer) checkFields(seen int, verdictAllow bool) error {
	want := onDeny
	if verdictAllow {
		want = onAllow
	}
	if seen&^optional != want {
		return errAnswerMissing
	}
	for _, group := range []int{withPassback, withTicket, withJourney} {
		if some := seen & group; some != 0 && some != group {
			return errAnswerMissing
		}
	}
	if (seen&withJourney != 0) != (a.ticket >= ticketHeld) {
		return errAnswerMissing
	}
	a.allow = verdictAllow
	if a.reason == tokens.ReasonUsed && string(a.class) == tokens.ClassFraud.String() {
		a.reason = tokens.ReasonUsedElsewhere // the code of both is already_used
	}
	if a.allow != (a.reason == tokens.ReasonOK) {
		return errAnswerVerdict
	}
	for _, known := range states {
		if string(a.state) == known {
			return nil
		}
	}
	return errAnswerState
}

var reasonsByCode = func() map[string]tokens.Reason {
	m := map[string]tokens.Reason{}
	for _, r := range tokens.Reasons() {
		if _, known := m[r.String()]; !known { // the class of already_used tells its reasons apart, see checkFields
			m[r.String()] = r
		}
	}
	return m
}()

func parseReason(code []byte) (tokens.Reason, error) {
	r, ok := reasonsByCode[string(code)]
	if !ok {
		return 0, errAnswerReason
	}
	return r, nil
}
