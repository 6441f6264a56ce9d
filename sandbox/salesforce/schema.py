"""The objects and fields this org has, as `describe` reports them.

Types: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm
Fields: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_list.htm
Of ReturnOrder and ReturnOrderLineItem only part is here. Documented: the fields, statuses Submitted and Approved, the
reason Not Satisfied, what may become of a thing (ProcessingPlan). Guessed: statuses Closed and Canceled, the other
reasons, and that an org adds when a thing came back (Returned_At__c), as it adds when it was bought (Ordered_At__c).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.world import ids


@dataclass(frozen=True)
class Field:
    name: str
    type: str

    def describe(self) -> dict[str, Any]:
        length = {"id": 18, "reference": 18, "string": 255, "picklist": 255, "email": 80, "phone": 40, "textarea": 255}
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": length.get(self.type, 0),
            "custom": self.name.endswith("__c"),
            "nillable": self.name not in ("Id", "IsDeleted", "CreatedDate", "SystemModstamp"),
            "filterable": True,
            "sortable": self.type != "textarea",
        }


@dataclass(frozen=True)
class SObject:
    name: str
    prefix: str
    table: str
    versioned: bool
    declared: str
    """`name:type` of every field, separated by spaces; a type left out is `string`."""

    @cached_property
    def fields(self) -> dict[str, Field]:
        """By lower-cased name: SOQL does not mind case."""
        declared = f"Id:id {self.declared} CreatedDate:datetime SystemModstamp:datetime IsDeleted:boolean"
        parts = (item.partition(":") for item in declared.split())
        return {name.lower(): Field(name, kind or "string") for name, _, kind in parts}

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.name,
            "keyPrefix": self.prefix,
            "custom": False,
            "queryable": True,
            "retrieveable": True,
            "replicateable": True,
            "fields": [field.describe() for field in self.fields.values()],
        }


OBJECTS = {
    item.name.lower(): item
    for item in (
        SObject(
            "Contact",
            ids.CONTACT,
            "contact",
            True,
            "FirstName LastName Email:email MobilePhone:phone Birthdate:date MailingStreet:textarea MailingCity "
            "MailingState MailingPostalCode MailingCountry HasOptedOutOfEmail:boolean LastModifiedDate:datetime "
            "Loyalty_Id__c Age_Band__c:picklist Income_Band__c:picklist Home_Ownership__c:picklist "
            "Marital_Status__c:picklist Household_Size__c:picklist Household_Composition__c:picklist "
            "Kids_Count__c:picklist AccountId:reference IndividualId:reference",
        ),
        SObject(
            "Account",
            ids.ACCOUNT,
            "account",
            False,
            "Name Type:picklist Industry:picklist Phone:phone BillingStreet:textarea BillingCity BillingState "
            "BillingPostalCode BillingCountry NumberOfEmployees:int LastModifiedDate:datetime",
        ),
        SObject(
            "Lead",
            ids.LEAD,
            "crm_lead",
            True,
            "FirstName LastName Company Email:email Phone:phone City State Country LeadSource:picklist Status:picklist "
            "HasOptedOutOfEmail:boolean IsConverted:boolean ConvertedDate:date ConvertedAccountId:reference "
            "ConvertedContactId:reference LastModifiedDate:datetime",
        ),
        SObject(
            "Opportunity",
            ids.OPPORTUNITY,
            "opportunity",
            True,
            "Name AccountId:reference ContactId:reference StageName:picklist Amount:currency Probability:percent "
            "CloseDate:date Type:picklist LeadSource:picklist IsClosed:boolean IsWon:boolean LastModifiedDate:datetime",
        ),
        SObject(
            "Individual",
            ids.INDIVIDUAL,
            "individual",
            True,
            "FirstName LastName BirthDate:date HasOptedOutProcessing:boolean HasOptedOutProfiling:boolean "
            "HasOptedOutSolicit:boolean HasOptedOutTracking:boolean HasOptedOutGeoTracking:boolean "
            "ShouldForget:boolean SendIndividualData:boolean CanStorePiiElsewhere:boolean LastModifiedDate:datetime",
        ),
        SObject(
            "ContactPointTypeConsent",
            ids.CONSENT,
            "consent",
            True,
            "Name PartyId:reference ContactPointType:picklist CaptureContactPointType:picklist CaptureSource "
            "PrivacyConsentStatus:picklist DataUsePurposeId:reference CaptureDate:datetime EffectiveFrom:datetime "
            "EffectiveTo:datetime LastModifiedDate:datetime",
        ),
        SObject(
            "Product2",
            ids.PRODUCT,
            "product2",
            False,
            "Name ProductCode Family:picklist Brand__c:picklist Product_Category__c Product_Type__c Package_Size__c "
            "IsActive:boolean",
        ),
        SObject(
            "Order",
            ids.ORDER,
            "order",
            False,
            "OrderNumber BillToContactId:reference EffectiveDate:date Ordered_At__c:datetime Store__c "
            "TotalAmount:currency Status:picklist",
        ),
        SObject(
            "OrderItem",
            ids.ORDER_ITEM,
            "order_item",
            False,
            "OrderId:reference Product2Id:reference Quantity:double UnitPrice:currency TotalPrice:currency "
            "Retail_Discount__c:currency Coupon_Discount__c:currency Coupon_Match_Discount__c:currency",
        ),
        SObject(
            "ReturnOrder",
            ids.RETURN_ORDER,
            "return_order",
            True,
            "ReturnOrderNumber OrderId:reference ContactId:reference Status:picklist Returned_At__c:datetime "
            "LastModifiedDate:datetime",
        ),
        SObject(
            "ReturnOrderLineItem",
            ids.RETURN_LINE,
            "return_order_line_item",
            False,
            "ReturnOrderLineItemNumber ReturnOrderId:reference OrderItemId:reference Product2Id:reference "
            "QuantityReturned:double ReasonForReturn:picklist ProcessingPlan:picklist TotalPrice:currency "
            "LastModifiedDate:datetime",
        ),
        SObject(
            "Campaign",
            ids.CAMPAIGN,
            "campaign",
            True,
            "Name Type:picklist StartDate:date EndDate:date Status:picklist IsActive:boolean",
        ),
        SObject(
            "CampaignMember",
            ids.CAMPAIGN_MEMBER,
            "campaign_member",
            True,
            "CampaignId:reference ContactId:reference Status:picklist HasResponded:boolean FirstRespondedDate:date "
            "Redemptions__c:double",
        ),
    )
}
