"""What the words of security rules mean, as addresses."""

from ipaddress import IPv4Address

import pytest

from cloister.net import tags

HERE = ("10.0.0.0/16", "192.168.4.0/24")


def has(text, address, prefixes=HERE):
    return tags.contains(tags.resolve(text, prefixes), int(IPv4Address(address)))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("*", ["0.0.0.0", "255.255.255.255"], []),
        ("10.0.0.4", ["10.0.0.4"], ["10.0.0.5"]),
        ("10.0.0.0/24", ["10.0.0.0", "10.0.0.255"], ["10.0.1.0"]),
        ("10.0.0.7/24", ["10.0.0.0"], ["10.0.1.0"]),
        ("VirtualNetwork", ["10.0.3.4", "192.168.4.255", "168.63.129.16"], ["10.1.0.0", "192.168.5.0", "198.19.20.2"]),
        ("virtualnetwork", ["10.0.3.4"], ["10.1.0.0"]),
        (
            "Internet",
            ["198.19.20.2", "198.18.0.9", "8.8.8.8"],
            ["10.0.0.4", "10.9.0.1", "172.20.0.1", "168.63.129.16", "127.0.0.1"],
        ),
        ("AzureLoadBalancer", ["168.63.129.16"], ["10.0.0.4"]),
        ("AzurePlatformDNS", ["168.63.129.16"], ["169.254.169.254"]),
        ("AzurePlatformIMDS", ["169.254.169.254"], ["168.63.129.16"]),
        ("Storage", ["198.19.20.1", "198.19.20.254"], ["198.19.21.1", "198.19.16.2"]),
        ("Storage.EastUS2", ["198.19.20.2"], ["198.19.20.1", "198.19.20.3"]),
        ("AzureMachineLearning", ["198.19.16.2", "198.19.17.2", "198.19.18.2"], ["198.19.20.2"]),
        ("AzureMachineLearning.westeurope", ["198.19.16.14"], ["198.19.16.2"]),
        ("AzureResourceManager", ["198.19.0.4"], ["198.19.0.5"]),
        ("AzureActiveDirectory", ["198.19.0.5"], ["198.19.0.4"]),
        ("AzureCloud", ["198.19.0.4", "198.19.44.2"], ["198.18.0.4", "10.0.0.4"]),
        ("AzureCloud.eastus2", ["198.19.20.2", "198.19.24.2"], ["198.19.20.1"]),
        ("Sql", [], ["198.19.20.2", "10.0.0.4"]),
    ],
)
def test_a_word_means_its_addresses(text, inside, outside):
    assert [address for address in inside if not has(text, address)] == []
    assert [address for address in outside if has(text, address)] == []


def test_a_network_with_public_prefixes_takes_them_from_the_internet():
    assert has("Internet", "8.8.8.8") and not has("Internet", "8.8.8.8", ("8.8.0.0/16",))
    assert has("VirtualNetwork", "8.8.8.8", ("8.8.0.0/16",))


@pytest.mark.parametrize("text", ["Nowhere", "Storage.mars", "10.0.0.0/33", "10.0.0.256", "", "fd00::/8", "all"])
def test_what_is_unknown_is_loud(text):
    assert not tags.is_tag(text)
    with pytest.raises(ValueError, match=r"^cannot tell which addresses"):
        tags.resolve(text, HERE)


def test_every_tag_means_something_or_nothing_but_never_fails():
    for name in tags.TAGS:
        ranges = tags.resolve(name, HERE)
        assert ranges == tags.merged(ranges)


def test_ranges_are_merged_taken_away_and_shown():
    assert tags.merged([(5, 9), (1, 2), (3, 4), (20, 30), (8, 12)]) == ((1, 12), (20, 30))
    assert tags.without(((0, 100),), ((10, 20), (50, 60))) == ((0, 9), (21, 49), (61, 100))
    assert tags.without(((0, 9), (20, 29)), ((5, 24),)) == ((0, 4), (25, 29))
    assert tags.shown(tags.ALL_ADDRESSES) == ["0.0.0.0/0"]
    assert tags.shown([(0, 0), (3, 8)]) == ["0.0.0.0/32", "0.0.0.3/32", "0.0.0.4/30", "0.0.0.8/32"]
