"""What a step needs to know of a rule whose elements have another type than the rule."""

from __future__ import annotations

from dataclasses import dataclass

from celigo_pandas.mapping.rules.rule_tree import ArrayRule, Helper, NoSource, ObjectRule, Source

__all__ = ["Destination"]


@dataclass(frozen=True)
class Destination:
    """The elements of an array, or the whole of an array or object, as a conversion takes them.

    Who watches is also told whether it is an element, and whether other rules write into it (``is_frame``).
    """

    path: str
    cell: str
    generate: str
    data_type: str
    declared: str
    source: Source
    helper: str | None = None
    is_element: bool = False
    is_frame: bool = False
    dialect: int = 2

    @property
    def reads(self) -> tuple[str, ...]:
        """The source paths, dotted."""
        return self.source.reads

    @classmethod
    def of_object(cls, rule: ObjectRule) -> Destination:
        """Make the destination of what stands in place of an object."""
        return cls(rule.path, rule.cell, rule.generate, "object", "object", rule.source)

    @classmethod
    def of_array(cls, rule: ArrayRule) -> Destination:
        """Make the destination of what stands in place of a whole array."""
        cell = rule.cell.removesuffix("[*]")
        return cls(rule.path, cell, rule.generate, rule.data_type, rule.data_type, NoSource())

    @classmethod
    def of_elements(cls, rule: ArrayRule, data_type: str, helper: Helper) -> Destination:
        """Make the destination of the elements that a helper gives."""
        return cls(
            rule.path,
            rule.cell,
            rule.generate,
            data_type,
            rule.data_type,
            helper.source,
            helper.path,
            is_element=True,
            is_frame=helper.children is not None,
        )
