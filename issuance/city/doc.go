// Package city knows the cities of China by name and by coordinates: municipalities,
// prefecture-level divisions (地级市, 地区, 自治州, 盟), the divisions that a province
// governs directly, and Hong Kong, where the mainland's railway has a station.
//
// It promises a city for coordinates near one of its places, and whether coordinates
// fit a city that a caller names. It works offline, from a table that is part of the
// program (citygen makes it). It has places, not borders: near the border of two
// cities it may find the neighbour, and so a city that is close fits as well. It
// keeps nothing, and its errors repeat nothing.
package city
