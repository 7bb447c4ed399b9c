package corpus

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Forge makes n codes that everything speaks for but the signature, as a forger
// with the format's document would make them: a key in service, good times and
// scopes, a serial that is not revoked, and a chain of his own whose current
// link fits the anchor. So a gate can refuse them only by verifying the
// signature, the dearest thing it does. The signature is random but keeps S
// below the group's order: a larger one would be refused for its form alone.
// The same seed forges the same.
func Forge(n int, now time.Time, seed uint64) []tokens.Token {
	random := rand.New(rand.NewPCG(seed, 0x666f72676564))
	keys, unix := Keys(), now.Unix()
	codes := make([]tokens.Token, n)
	for i := range codes {
		age := random.Int64N((tokens.Length - 1) * tokens.Period)
		start := unix - age
		p := tokens.Pass{
			Key: keys[random.IntN(len(keys))].ID, Serial: tokens.Serial{Day: uint16(tokens.DayOf(start)), Index: firstForged + random.Uint32N(firstForged)},
			Start: start, Expiry: start + tokens.CredentialLife, Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes,
		}
		binary.BigEndian.PutUint64(p.Subject[:], random.Uint64())
		var secret tokens.Link
		binary.BigEndian.PutUint64(secret[:8], random.Uint64())
		binary.BigEndian.PutUint64(secret[8:], random.Uint64())
		anchor, links := tokens.Chain(secret, p.Serial, tokens.Length)
		p.Anchor = anchor
		message, err := p.Message()
		if err != nil {
			panic("BUG: a forged pass is out of bounds: " + err.Error())
		}
		var signature [tokens.SigSize]byte
		for o := 0; o < len(signature); o += 8 {
			binary.BigEndian.PutUint64(signature[o:], random.Uint64())
		}
		signature[tokens.SigSize-1] &= 0x0f // S is little-endian and the order a little above 2^252
		pass := tokens.Seal(&message, &signature)
		step := int(age) / tokens.Period
		codes[i] = tokens.Assemble(&pass, uint8(step), links[step])
	}
	return codes
}
