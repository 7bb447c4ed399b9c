package tokens

import "encoding/binary"

// Layout of a code on the wire, big-endian, docs/token-format.md section 2.
// The signed message is SigningDomain followed by the body, 47 bytes: together
// with R and the public key it fills 111 bytes, the most that SHA-512 takes in
// one block, so a signature costs one compression instead of two.
const (
	Version   = 1   // first byte of a body
	BodySize  = 44  // what the issuer signs
	SigSize   = 64  // Ed25519
	PassSize  = 108 // body and signature: constant for one session
	TokenSize = 125 // pass, step and link: constant for one period

	// SigningDomain separates a pass from everything else an Ed25519 key could
	// sign in this system; the version byte that follows completes it.
	SigningDomain = "RGP"
	// SignedSize is the length of the message under the signature.
	SignedSize = len(SigningDomain) + BodySize
)

const (
	offVersion = 0  // 1
	offKey     = 1  // 2
	offDay     = 3  // 2
	offIndex   = 5  // 4
	offSubject = 9  // 8
	offStart   = 17 // 4, Unix seconds
	offExpiry  = 21 // 4, Unix seconds
	offPeriod  = 25 // 1, seconds
	offLength  = 26 // 1, periods
	offScopes  = 27 // 1, bit set
	offAnchor  = 28 // 16
	offSig     = BodySize
	offStep    = PassSize // 1
	offLink    = PassSize + 1
)

// Bounds that the parser enforces, so that no signature, honest or stolen, can
// ask a gate for more than the rules allow.
const (
	// MinPeriod keeps a chain from being burnt through faster than clocks agree.
	MinPeriod = 15
	// MaxPeriod is that of rule A10, seconds: a longer one would let a
	// photographed code live longer.
	MaxPeriod = 60
	// MaxLength bounds the hashes a gate spends on one code, and with MaxPeriod
	// the time one face check can be shown: 30 min (rule A11).
	MaxLength = 30
	// MaxSession is the longest session, seconds (rule A11).
	MaxSession = MaxPeriod * MaxLength
	// CredentialLife is the validity of an approved credential, seconds (rule A8).
	CredentialLife = 24 * 60 * 60

	// Period and Length are what issuers use.
	Period = MaxPeriod
	Length = MaxLength
)

// Token is a parsed code. The zero Token is not valid; fill one with Parse,
// ParseText or Assemble. Accessors read the wire bytes in place.
type Token struct{ raw [TokenSize]byte }

// SignedPass is the part of a code that stays the same for a whole session.
type SignedPass [PassSize]byte

// Parse checks the form of raw and copies it into t. It answers ReasonOK,
// ReasonMalformed or ReasonVersion. A well-formed token is not yet a true one:
// nothing here looks at the signature, the link or the time. After a refusal
// what t holds is undefined.
func (t *Token) Parse(raw []byte) Reason {
	if len(raw) != TokenSize {
		return ReasonMalformed
	}
	if raw[offVersion] != Version {
		return ReasonVersion
	}
	copy(t.raw[:], raw)
	return t.wellFormed()
}

func (t *Token) wellFormed() Reason {
	period, length := t.raw[offPeriod], t.raw[offLength]
	if period < MinPeriod || period > MaxPeriod || length == 0 || length > MaxLength {
		return ReasonMalformed
	}
	if !t.Scopes().valid() || t.raw[offStep] >= length {
		return ReasonMalformed
	}
	// The serial names the railway day of approval, approval is expiry minus
	// 24 h, and no session starts before approval or at or after expiry. Because
	// the parser holds every code to this, a revocation set may forget a day as
	// soon as the last credential approved on it has run out.
	approved := t.Expiry() - CredentialLife
	if DayOf(approved) != int64(t.Serial().Day) || t.Start() < approved || t.Start() >= t.Expiry() {
		return ReasonMalformed
	}
	return ReasonOK
}

// Bytes is the wire form; it stays valid until t is parsed into again.
func (t *Token) Bytes() []byte { return t.raw[:] }

// Pass is the session's constant part; it stays valid until t is parsed into again.
func (t *Token) Pass() *SignedPass { return (*SignedPass)(t.raw[:PassSize]) }

// KeyID names the issuer key that is said to have signed the pass.
func (t *Token) KeyID() KeyID { return KeyID(binary.BigEndian.Uint16(t.raw[offKey:])) }

// Serial is the credential's number.
func (t *Token) Serial() Serial {
	return Serial{
		Day:   binary.BigEndian.Uint16(t.raw[offDay:]),
		Index: binary.BigEndian.Uint32(t.raw[offIndex:]),
	}
}

// Subject is the passenger's pseudonym under the key of the issue day.
func (t *Token) Subject() Subject { return Subject(t.raw[offSubject:offStart]) }

// Start is the second at which step 0 began, Unix time.
func (t *Token) Start() int64 { return int64(binary.BigEndian.Uint32(t.raw[offStart:])) }

// Expiry is the second from which the credential is over, Unix time.
func (t *Token) Expiry() int64 { return int64(binary.BigEndian.Uint32(t.raw[offExpiry:])) }

// Period is the time one link is shown, seconds.
func (t *Token) Period() int64 { return int64(t.raw[offPeriod]) }

// Length is the number of links in the session.
func (t *Token) Length() int64 { return int64(t.raw[offLength]) }

// Scopes is what the credential may be used for.
func (t *Token) Scopes() Scopes { return Scopes(t.raw[offScopes]) }

// Step is the period that this code says it belongs to, counted from 0.
func (t *Token) Step() int64 { return int64(t.raw[offStep]) }

func (t *Token) anchor() *[16]byte { return (*[16]byte)(t.raw[offAnchor:offSig]) }
func (t *Token) link() *Link       { return (*Link)(t.raw[offLink:]) }

// signed writes the message under the signature into dst.
func (t *Token) signed(dst *[SignedSize]byte) {
	copy(dst[:], SigningDomain)
	copy(dst[len(SigningDomain):], t.raw[:BodySize])
}

func (t *Token) serialBytes() *[6]byte { return (*[6]byte)(t.raw[offDay:offSubject]) }

func (t *Token) shown() Shown { return Shown{t.raw[offStep], *t.link()} }

func (t *Token) signature() []byte { return t.raw[offSig:offStep] }
