package fixedkey

import (
	"crypto/ed25519"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// knownAnswersFile has one answer per line: good or bad, and key, message and signature
// in hexadecimal digits. A test compares the file with its generator.
//
//go:embed knownanswers.txt
var knownAnswersFile string

// knownAnswer is a verdict that every form must give. Good and bad answers alternate,
// so a form that accepts or refuses everything fails.
type knownAnswer struct {
	good                       bool
	public, message, signature []byte
}

// knownAnswers parses the file.
func knownAnswers() (all []knownAnswer, err error) {
	for line := range strings.Lines(knownAnswersFile) {
		verdict, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		parts := strings.Split(rest, " ")
		if verdict != "good" && verdict != "bad" || len(parts) != 3 {
			return nil, fmt.Errorf("line %d of the known answers is malformed", len(all)+1)
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

// checkKnownAnswers computes the known answers in a form, each alone and all in one
// batch. The error contains the number of wrong answers.
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
	alone, batched := 0, 0
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
		// Good is preset to the wrong answer, which detects a skipped signature.
		batch[i] = Signed{Key: k, Message: a.message, Signature: a.signature, Good: !a.good}
	}
	VerifyBatch(batch)
	for i, a := range all {
		if batch[i].Good != a.good {
			batched++
		}
	}
	if alone+batched > 0 {
		return fmt.Errorf("the %v form gives %d wrong answers alone and %d in a batch to %d signatures with known verdicts", f, alone, batched, len(all))
	}
	return nil
}

// knownKey makes a key for a few verifications. In the Scalar form it uses narrow
// windows, because tables for wide ones take 10 ms. The same code handles all widths.
func (f Form) knownKey(public []byte) (*Key, error) {
	m := maker{[ed25519.PublicKeySize]byte(public), f.available()}
	return m.makeOf(checkWidth, laneKeyWidth)
}
