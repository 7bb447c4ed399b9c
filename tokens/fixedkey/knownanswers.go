package fixedkey

import (
	"crypto/ed25519"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// knownAnswersFile has one answer a line: good or bad, and in hex digits the key, the
// message and the signature. A test makes it anew and compares.
//
//go:embed knownanswers.txt
var knownAnswersFile string

// knownAnswer is a verdict that every form must give. The answers are good and bad
// in turns, so that neither a form that admits all nor one that refuses all passes.
type knownAnswer struct {
	good                       bool
	public, message, signature []byte
}

// knownAnswers reads the file.
func knownAnswers() (all []knownAnswer, err error) {
	for line := range strings.Lines(knownAnswersFile) {
		verdict, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		parts := strings.Split(rest, " ")
		if verdict != "good" && verdict != "bad" || len(parts) != 3 {
			return nil, fmt.Errorf("line %d of the known answers has another form", len(all)+1)
		}
		var bytes [3][]byte
		for i, digits := range parts {
			if bytes[i], err = hex.DecodeString(digits); err != nil {
				return nil, fmt.Errorf("line %d of the known answers: %w", len(all)+1, err)
			}
		}
		all = append(all, knownAnswer{verdict == "good", bytes[0], bytes[1], bytes[2]})
	}
	return all, nil
}

// checkKnownAnswers computes the known answers in a form: each alone, and all in one
// batch. The error counts the wrong ones.
func (f Form) checkKnownAnswers() error {
	all, err := knownAnswers()
	if err != nil {
		return err
	}
	return f.check(all)
}

func (f Form) check(all []knownAnswer) error {
	keys := map[string]*Key{}
	batch := make([]Signed, len(all))
	alone, together := 0, 0
	for i, a := range all {
		k := keys[string(a.public)]
		if k == nil {
			var err error
			if k, err = f.knownKey(a.public); err != nil {
				return fmt.Errorf("the %v form refuses the key of a known answer: %w", f, err)
			}
			keys[string(a.public)] = k
		}
		if k.Verify(a.message, a.signature) != a.good {
			alone++
		}
		// Good starts as the wrong answer: a batch that leaves one out is found.
		batch[i] = Signed{Key: k, Message: a.message, Signature: a.signature, Good: !a.good}
	}
	VerifyBatch(batch)
	for i, a := range all {
		if batch[i].Good != a.good {
			together++
		}
	}
	if alone+together > 0 {
		return fmt.Errorf("the %v form gives %d wrong answers alone and %d in a batch to %d signatures whose verdict is known", f, alone, together, len(all))
	}
	return nil
}

// knownKey makes a key for a few verifications. Its tables are narrow in the Scalar
// form, where wide ones take 10 ms: the windows' width is no property of the code.
func (f Form) knownKey(public []byte) (*Key, error) {
	m := maker{[ed25519.PublicKeySize]byte(public), f.here()}
	return m.makeOf(checkWidth, laneKeyWidth)
}
