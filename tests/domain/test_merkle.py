"""RFC 9162, 2.1: what a superior recomputes, and what a proof can show to who has no leaves."""

from hashlib import new, sha256

import pytest

from node.domain import merkle
from node.domain.merkle import (
    Range,
    consistency_proof,
    empty_root,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(71)
LEAVES = leaf_hashes(b"entry %d" % number for number in range(max(SIZES)))

# The eight contents that the certificate transparency logs test with, and the roots over the first 0, 1, ... 8 of them.
CT_CONTENTS = tuple(
    map(
        bytes.fromhex,
        ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
)
CT_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def naive_root(leaves, digest=sha256):
    """The definition of RFC 9162, 2.1.1, word by word."""
    if not leaves:
        return digest(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return digest(b"\x01" + naive_root(leaves[:split], digest) + naive_root(leaves[split:], digest)).digest()


def tampered(proof):
    """Every proof that differs from *proof* by one wrong hash, a missing one, one too many, or two that changed places."""
    for place, sibling in enumerate(proof):
        yield (*proof[:place], bytes([sibling[0] ^ 1]) + sibling[1:], *proof[place + 1 :])
        yield (*proof[:place], *proof[place + 1 :])
    yield (*proof, bytes(32))
    for place in range(len(proof) - 1):
        yield (*proof[:place], proof[place + 1], proof[place], *proof[place + 2 :])


class TestHashes:
    """FEDERATION 4.3: leaves and nodes are told apart by their first byte, or a node could be passed off as an entry."""

    def test_a_leaf_is_the_hash_of_a_zero_byte_and_the_content(self):
        """SHA-256(0x00 || content)."""
        assert sha256(b"\x00content").digest() == leaf_hash(b"content")

    def test_a_node_is_the_hash_of_a_one_byte_and_both_children(self):
        """SHA-256(0x01 || left || right)."""
        assert sha256(b"\x01" + bytes(32) + b"r" * 32).digest() == node_hash(bytes(32), b"r" * 32)

    def test_a_batch_of_leaves_is_its_leaves_one_by_one(self):
        """The fast path of the mirror makes the same bytes."""
        assert [leaf_hash(content) for content in CT_CONTENTS] == leaf_hashes(CT_CONTENTS)

    def test_an_unknown_suite_is_refused(self):
        """A suite is one of a closed list, wherever its name comes from."""
        for call in (lambda: leaf_hash(b"", "md5"), lambda: node_hash(b"", b"", "md5"), lambda: Range(suite="md5")):
            with pytest.raises(ValueError, match="unknown digest suite 'md5'"):
                call()


class TestRange:
    """A head row holds size and peaks; the root follows from them, whatever the batches were."""

    @pytest.mark.parametrize(("size", "root"), list(enumerate(CT_ROOTS)))
    def test_the_roots_are_those_of_the_certificate_transparency_logs(self, size, root):
        """Known answers that other implementations of RFC 6962 give."""
        assert root == root_of(leaf_hashes(CT_CONTENTS[:size])).hex()

    @pytest.mark.parametrize("size", SIZES)
    def test_leaf_by_leaf_gives_the_root_of_the_definition(self, size):
        """Appending one at a time."""
        grown = Range()
        for leaf in LEAVES[:size]:
            grown = grown.append(leaf)

        assert (size, naive_root(LEAVES[:size])) == (grown.size, grown.root())

    @pytest.mark.parametrize("first", SIZES)
    def test_any_two_batches_give_what_one_gives(self, first):
        """Where a batch is cut is chance and must not show."""
        begun = Range().extend(LEAVES[:first])

        for size in range(first, max(SIZES) + 1):
            assert Range().extend(LEAVES[:size]) == begun.extend(LEAVES[first:size])
            assert naive_root(LEAVES[:size]) == begun.extend(LEAVES[first:size]).root()

    def test_peaks_are_perfect_subtrees_biggest_first(self):
        """Eleven leaves are eight, two and one."""
        expected = (naive_root(LEAVES[:8]), naive_root(LEAVES[8:10]), LEAVES[10])

        assert expected == Range().extend(LEAVES[:11]).peaks

    def test_an_empty_batch_changes_nothing(self):
        """A push without entries is a heartbeat."""
        begun = Range().extend(LEAVES[:5])

        assert begun == begun.extend([])

    @pytest.mark.parametrize("size", SIZES)
    def test_it_comes_back_from_its_head_row(self, size):
        """`from_bytes` reads what `to_bytes` wrote, and it grows on from there."""
        kept = Range().extend(LEAVES[:size]).to_bytes()

        assert 8 + 32 * size.bit_count() == len(kept)
        assert Range().extend(LEAVES[:size]) == Range.from_bytes(kept)
        assert naive_root(LEAVES) == Range.from_bytes(kept).extend(LEAVES[size:]).root()

    @pytest.mark.parametrize(
        "broken",
        [b"", bytes(7), Range().extend(LEAVES[:3]).to_bytes()[:-1], Range().extend(LEAVES[:3]).to_bytes()[:-32], bytes(8 + 32)],
        ids=["empty", "cut in the size", "cut in a peak", "a peak missing", "a peak too many"],
    )
    def test_a_broken_head_row_is_refused(self, broken):
        """A root computed from half a head would accuse the wrong node."""
        with pytest.raises(ValueError, match=r"bytes|peaks"):
            Range.from_bytes(broken)

    @pytest.mark.parametrize("size", [-1, 1 << 64])
    def test_a_size_that_its_eight_bytes_cannot_hold_is_refused(self, size):
        """0 to 2**64-1."""
        with pytest.raises(ValueError, match="is not in"):
            Range(size)

    def test_content_in_place_of_its_hash_is_refused(self):
        """A leaf has 32 bytes: an entry's content given by mistake must not become a root."""
        with pytest.raises(ValueError, match="must have 32 bytes"):
            Range().extend([LEAVES[0], b"the content of an entry"])

    def test_the_other_suite_runs_the_same_code(self):
        """FEDERATION 4.3: SM3 is another epoch, not another program."""
        try:
            new("sm3")
        except ValueError:
            pytest.skip("this OpenSSL has no SM3")

        def sm3(data):
            return new("sm3", data)

        leaves = leaf_hashes(CT_CONTENTS, "sm3")
        grown = Range(suite="sm3").extend(leaves[:3]).extend(leaves[3:])

        assert "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" == merkle.SUITES["sm3"](b"abc").hexdigest()
        assert sm3(b"\x00").digest() == leaves[0]
        assert naive_root(leaves, sm3) == grown.root() == root_of(leaves, "sm3")
        assert Range.from_bytes(grown.to_bytes(), "sm3") == grown
        assert verify_inclusion(leaves[4], 4, 8, inclusion_proof(leaves, 4, "sm3"), grown.root(), "sm3")
        assert not verify_inclusion(leaves[4], 4, 8, inclusion_proof(leaves, 4, "sm3"), grown.root())


class TestInclusion:
    """An entry is shown to be in a tree by its siblings alone."""

    @pytest.mark.parametrize(
        ("index", "size", "proof"),
        [
            (0, 1, []),
            (
                0,
                8,
                [
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                [
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        ],
    )
    def test_the_proofs_are_those_of_the_certificate_transparency_logs(self, index, size, proof):
        """Known answers, lowest sibling first."""
        assert proof == [sibling.hex() for sibling in inclusion_proof(leaf_hashes(CT_CONTENTS[:size]), index)]

    @pytest.mark.parametrize("size", SIZES[1:])
    def test_every_leaf_is_proved_and_no_other(self, size):
        """The proof holds for its leaf, at its place, in its tree."""
        leaves, root = LEAVES[:size], naive_root(LEAVES[:size])

        for index, leaf in enumerate(leaves):
            proof = inclusion_proof(leaves, index)
            assert verify_inclusion(leaf, index, size, proof, root)
            assert not verify_inclusion(bytes(32), index, size, proof, root)
            assert not verify_inclusion(leaf, index, size, proof, bytes(32))
            assert not any(verify_inclusion(leaf, other, size, proof, root) for other in range(-1, size + 1) if other != index)
            assert not any(verify_inclusion(leaf, index, size, other, root) for other in tampered(proof))

    def test_a_leaf_that_does_not_exist_has_no_proof(self):
        """Asking for it is a fault of the caller."""
        for index in (-1, 3):
            with pytest.raises(ValueError, match="no leaf"):
                inclusion_proof(LEAVES[:3], index)


class TestConsistency:
    """A tree is shown to have only grown; a rewritten past shows."""

    @pytest.mark.parametrize(
        ("old", "new_size", "proof"),
        [
            (1, 1, []),
            (
                1,
                8,
                [
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                6,
                8,
                [
                    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (
                2,
                5,
                [
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
        ],
    )
    def test_the_proofs_are_those_of_the_certificate_transparency_logs(self, old, new_size, proof):
        """Known answers."""
        assert proof == [sibling.hex() for sibling in consistency_proof(leaf_hashes(CT_CONTENTS), old, new_size)]

    @pytest.mark.parametrize("new_size", SIZES)
    def test_every_beginning_is_proved(self, new_size):
        """For all sizes from nothing to the whole."""
        roots = [root_of(LEAVES[:size]) for size in range(new_size + 1)]

        for old, old_root in enumerate(roots):
            proof = consistency_proof(LEAVES, old, new_size)
            assert verify_consistency(old, new_size, old_root, roots[new_size], proof)

    @pytest.mark.parametrize("new_size", SIZES[1:])
    def test_another_past_is_not(self, new_size):
        """Wrong roots, wrong sizes and tampered proofs show."""
        new_root = root_of(LEAVES[:new_size])

        for old in range(new_size + 1):
            old_root, proof = root_of(LEAVES[:old]), consistency_proof(LEAVES, old, new_size)
            assert not verify_consistency(old, new_size, bytes(32), new_root, proof)
            if old:
                assert not verify_consistency(old, new_size, old_root, bytes(32), proof)
                assert not verify_consistency(old - 1, new_size, old_root, new_root, proof)
            assert not verify_consistency(new_size + 1, new_size, old_root, new_root, proof)
            assert not any(verify_consistency(old, new_size, old_root, new_root, other) for other in tampered(proof))

    def test_a_rewritten_entry_shows(self):
        """The county that changed one old entry cannot prove its new tree from the old root."""
        rewritten = [*LEAVES[:3], leaf_hash(b"another past"), *LEAVES[4:9]]

        proof = consistency_proof(rewritten, 6, 9)

        assert not verify_consistency(6, 9, root_of(LEAVES[:6]), root_of(rewritten), proof)

    def test_nothing_is_the_beginning_of_everything(self):
        """An old tree without leaves has the root of no bytes, and needs no proof."""
        assert verify_consistency(0, 9, empty_root(), root_of(LEAVES[:9]), ())
        assert not verify_consistency(0, 9, empty_root(), root_of(LEAVES[:9]), (bytes(32),))
        assert not verify_consistency(-1, 9, empty_root(), root_of(LEAVES[:9]), ())

    @pytest.mark.parametrize(("old", "new_size"), [(-1, 2), (3, 2), (2, 10)])
    def test_sizes_that_do_not_fit_have_no_proof(self, old, new_size):
        """0 <= old <= new <= number of leaves."""
        with pytest.raises(ValueError, match="do not fit"):
            consistency_proof(LEAVES[:9], old, new_size)
