package config

import (
	"net/netip"
	"strings"
)

// Networks are IP networks, such as 10.0.0.0/8.
type Networks []string

// ParseNetworks parses a comma-separated list of networks. A single address is a
// network of one.
func ParseNetworks(text string) (Networks, error) {
	var networks Networks
	for network := range strings.SplitSeq(text, ",") {
		network = strings.TrimSpace(network)
		if addr, err := netip.ParseAddr(network); err == nil && addr.Zone() == "" {
			network = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, err
		}
		networks = append(networks, prefix.Masked().String())
	}
	return networks, nil
}

// String returns the networks as ParseNetworks reads them.
func (n Networks) String() string { return strings.Join(n, ",") }
