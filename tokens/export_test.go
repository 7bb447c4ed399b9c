package tokens

import "github.com/railgate/railgate/tokens/internal/links"

// FieldAt is where a field stands on the wire.
type FieldAt struct{ Offset, Size int }

// Layout gives tests the offsets that the package keeps to itself, by the names
// that docs/token-format.md uses.
var Layout = map[string]FieldAt{
	"version":   {offVersion, offKey - offVersion},
	"key":       {offKey, offDay - offKey},
	"day":       {offDay, offIndex - offDay},
	"index":     {offIndex, offSubject - offIndex},
	"subject":   {offSubject, offStart - offSubject},
	"start":     {offStart, offExpiry - offStart},
	"expiry":    {offExpiry, offPeriod - offExpiry},
	"period":    {offPeriod, offLength - offPeriod},
	"length":    {offLength, offScopes - offLength},
	"scopes":    {offScopes, offAnchor - offScopes},
	"anchor":    {offAnchor, offSig - offAnchor},
	"signature": {offSig, offStep - offSig},
	"step":      {offStep, offLink - offStep},
	"link":      {offLink, TokenSize - offLink},
}

// LinkDomain is hashed in front of every link.
const LinkDomain = links.Domain
