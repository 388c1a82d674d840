"""Which inquiry answers what the options ask."""

from types import SimpleNamespace

from activity.inquiry import ActivityInquiry
from activity.one_day import OneDayInquiry
from activity.options import is_about_activity, is_of_one_day
from activity.quality import QualityInquiry
from retention.inquiry import Inquiry


def inquiry_of(options: SimpleNamespace) -> type[Inquiry]:
    """The class of the inquiry."""
    if not is_about_activity(options):
        return Inquiry
    if options.quality:
        return QualityInquiry
    return OneDayInquiry if is_of_one_day(options) else ActivityInquiry
